import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type GroupMember, judgeGroup } from '@mgrpo/algorithm';
import { runConfigSchema } from '@mgrpo/config';
import { expect, onTestFinished, test } from 'vitest';
import { GroupsRecorder, readGroups } from './groups-file.ts';
import { outcomeOf } from './groups-format.ts';
import type { StudiedGroup } from './one-process-run.ts';

const algorithm = runConfigSchema.shape.algorithm.parse({ groupSize: 8, momentumRollouts: 2 });

/** Rollouts whose entropies are not short decimals. */
function members(seed: number): GroupMember[] {
  return Array.from({ length: 8 }, (_, position) => ({
    role: position < 6 ? 'policy' : 'momentum',
    index: position < 6 ? position : position - 6,
    answer: position === 5 ? null : String((seed * position) % 3),
    entropy: Math.fround(Math.sin(seed + position) ** 2) / 3,
    selfCertainty: null,
    numTokens: 3 + (position % 2),
  }));
}

function groupOf(seed: number): StudiedGroup {
  const problem = { tokens: Int32Array.of(1), answer: '1' };
  return { problem, policy: [], verdict: judgeGroup(members(seed), algorithm) };
}

function write(numIterations: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-groups-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const recorder = new GroupsRecorder({ title: 'M-GRPO, seed 1', algorithm });
  for (let iteration = 0; iteration < numIterations; iteration++) {
    recorder.add({
      iteration,
      groups: [groupOf(2 * iteration), groupOf(2 * iteration + 1)],
      train: { kind: 'skipped' } as never,
      seconds: { generate: 0, train: 0 },
    });
  }
  const path = join(folder, 'deep', 'a.groups.jsonl.gz');
  recorder.write(path);
  return path;
}

test('recorded groups come back to the bit, with label, outcomes and gold answers', () => {
  const { title, algorithm: recorded, groups } = readGroups(write(3));
  expect(title).toBe('M-GRPO, seed 1');
  expect(recorded).toEqual(algorithm);
  expect(groups.map(({ iteration, prompt }) => [iteration, prompt])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
  ]);
  for (const [seed, group] of groups.entries()) {
    const { label, members: judged } = judgeGroup(members(seed), algorithm);
    expect(group.members).toEqual(members(seed));
    expect(group.gold).toBe('1');
    expect(group.label).toBe(label.kind === 'none' ? null : label.answer);
    expect(group.outcomes).toEqual(judged.map(outcomeOf));
  }
});

test('a group of 32 costs a few hundred bytes', () => {
  const path = write(50);
  expect(statSync(path).size / (100 * 8)).toBeLessThan(12);
});

const corrupt: readonly (readonly [string, (text: string) => Buffer, RegExp])[] = [
  ['no gzip file', (text) => Buffer.from(text), /no whole gzip file/],
  ['a file cut short', (text) => gzipSync(text).subarray(0, -9), /no whole gzip file/],
  [
    'another format',
    (text) => gzipSync(text.replace('"formatVersion":1', '"formatVersion":2')),
    /:1 .*formatVersion/,
  ],
  ['a trial’s measures', () => gzipSync('{"kind":"trial"}\n'), /:1 is no record of groups/],
  [
    'a rollout missing',
    (text) => gzipSync(text.replace('"answers":["0",', '"answers":[')),
    /:2 .*answers has 7 values, the group 8 rollouts/,
  ],
  [
    'an unknown outcome',
    (text) => gzipSync(text.replace(/"outcomes":"./, '"outcomes":"x')),
    /:2 .*outcomes/,
  ],
  ['no groups', (text) => gzipSync(text.split('\n')[0]!), /has no groups/],
];

test.each(corrupt)('%s is refused with its place', (_, damage, message) => {
  const path = write(1);
  writeFileSync(path, damage(gunzipSync(readFileSync(path)).toString()));
  expect(() => readGroups(path)).toThrow(message);
});

test('a file that is not there is named', () => {
  expect(() => readGroups('/nowhere/a.groups.jsonl.gz')).toThrow(/can't read \/nowhere/);
});
