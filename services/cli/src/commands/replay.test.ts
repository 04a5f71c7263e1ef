import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runConfigSchema } from '@mgrpo/config';
import { afterAll, expect, test, vi } from 'vitest';
import { type ReplayFlags, replay } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-replay-'));
const trial = join(folder, 'seed-1.groups.jsonl.gz');
const algorithm = runConfigSchema.shape.algorithm.parse({ groupSize: 2, momentumRollouts: 1 });
const lines = [
  { kind: 'groups', formatVersion: 1, title: 'base · mgrpo · seed 1', algorithm },
  {
    iteration: 0,
    prompt: 0,
    gold: '4',
    label: '4',
    outcomes: 'bv',
    answers: ['4', '4'],
    numTokens: [2, 2],
    entropies: [0.5, 0.25],
  },
];
writeFileSync(trial, gzipSync(lines.map((line) => JSON.stringify(line)).join('\n')));

afterAll(() => rmSync(folder, { recursive: true }));

/** What the command prints. */
async function printed(source: string, flags: ReplayFlags): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(await replay(source, flags)).toBe(0);
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

test('a trial is replayed as tables, as JSON, and into a folder', async () => {
  const out = join(folder, 'out');
  expect(await printed(trial, { out })).toContain('base · mgrpo · seed 1: mgrpo, 1 groups');
  expect(readdirSync(out)).toEqual(['replay.csv', 'replay.json', 'replay.txt']);
  const result = JSON.parse(await printed(trial, { json: true }));
  expect(result).toMatchObject({ groups: 1, differing: 0, withGold: 1 });
});

test('what is no record is refused with the remedy', async () => {
  await expect(replay(join(folder, 'none'), {})).rejects.toThrow(/none is not there; give a run/);
  await expect(replay(folder, {})).rejects.toThrow(/holds no run; give a run folder, or a trial/);
  await expect(replay(trial, { prompts: 'p.jsonl' })).rejects.toMatchObject({ code: 'USAGE' });
});
