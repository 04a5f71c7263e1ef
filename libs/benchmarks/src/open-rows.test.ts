import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { benchmarkNamed } from './benchmarks.ts';
import { openBenchmarkRows } from './open-rows.ts';
import { readProblems } from './read-problems.ts';

/** A folder with these files; its path. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-benchmark-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('a benchmark is read from a split of a Hub folder', async () => {
  const folder = folderOf({
    'data/train.jsonl': '{"question":"1+1?","answer":"#### 2"}',
    'data/test.jsonl': '{"question":"2+2?","answer":"Add them.\\n#### 4"}',
  });
  const benchmark = benchmarkNamed('gsm8k');
  const { problems } = await readProblems(
    benchmark,
    openBenchmarkRows(benchmark, `${folder}#test`),
  );
  expect(problems).toMatchObject([{ kind: 'boxed', gold: '4' }]);
  await expect(
    readProblems(benchmark, openBenchmarkRows(benchmark, `${folder}#dev`)),
  ).rejects.toThrow('has no split "dev"; it has test, train');
});

test('a row of many megabytes is read', async () => {
  const long = 'x'.repeat(3 << 20);
  const folder = folderOf({ 'a.jsonl': `{"question":"${long}"}\n` });
  for await (const row of openBenchmarkRows(
    benchmarkNamed('livecodebench'),
    join(folder, 'a.jsonl'),
  )) {
    expect(row.values).toEqual({ question: long });
  }
});
