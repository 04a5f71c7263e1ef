import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type ProblemResult, ResultFolder } from './result-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'mgrpo-results-'));
afterAll(() => rmSync(root, { recursive: true }));

const settings = { seed: 1, benchmarks: { math500: { samples: 1 } } };
const result: ProblemResult = {
  benchmark: 'math500',
  id: 'a',
  answers: ['1'],
  right: [true],
  tokens: [3],
  numCut: 0,
};

test('an evaluation that goes on has what was done, without a line that was cut short', async () => {
  const path = join(root, 'cut');
  const folder = await ResultFolder.create(path, settings);
  await folder.append(result);
  appendFileSync(join(path, 'results.jsonl'), '{"benchmark":"math500","id":"b","ans');
  const again = await ResultFolder.resume(path, settings);
  expect(again.results).toEqual([result]);
  await again.append({ ...result, id: 'b' });
  const lines = readFileSync(join(path, 'results.jsonl'), 'utf8').split('\n');
  expect(lines.slice(0, 2).map((line) => JSON.parse(line).id)).toEqual(['a', 'b']);
});

test('results of other settings do not mix: the first that differs is named', async () => {
  const path = join(root, 'mixed');
  await ResultFolder.create(path, settings);
  const other = { ...settings, benchmarks: { math500: { samples: 8 } } };
  await expect(ResultFolder.resume(path, other)).rejects.toThrow(
    /mixed was made with another benchmarks\.math500\.samples \(1, now 8\)/,
  );
  const more = { ...settings, benchmarks: { ...settings.benchmarks, aime24: {} } };
  await expect(ResultFolder.resume(path, more)).rejects.toThrow(/benchmarks\.aime24 \(none, now/);
});

test('an evaluation is not begun where one is, nor resumed where none is', async () => {
  const path = join(root, 'one');
  await ResultFolder.create(path, settings);
  await expect(ResultFolder.create(path, settings)).rejects.toThrow(/already holds.*--resume/);
  await expect(ResultFolder.resume(join(root, 'none'), settings)).rejects.toThrow(
    /none holds no evaluation to resume/,
  );
});

test('results without their settings are not taken for those of a new evaluation', async () => {
  const path = join(root, 'left');
  await (await ResultFolder.create(path, settings)).append(result);
  rmSync(join(path, 'settings.json'));
  await expect(ResultFolder.create(path, settings)).rejects.toThrow(
    /results\.jsonl holds results without their settings\.json; move it away, or give another --out/,
  );
});

test.each(['null', '{"benchmark":"math500"}', '{"benchmark":'])(
  'a line that is no result is named: %s',
  async (line) => {
    const path = mkdtempSync(join(root, 'line-'));
    await (await ResultFolder.create(join(path, 'out'), settings)).append(result);
    appendFileSync(join(path, 'out', 'results.jsonl'), `${line}\n`);
    await expect(ResultFolder.resume(join(path, 'out'), settings)).rejects.toThrow(
      /results\.jsonl:2 is no result of a problem; delete the line/,
    );
  },
);
