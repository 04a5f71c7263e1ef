import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskFiles } from './files.ts';
import { MetricsLog, readMetrics } from './metrics-log.ts';
import { temporaryFolder } from './testing.ts';

async function openLog(path: string) {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const log = await MetricsLog.open(path, { files: diskFiles, warn });
  onTestFinished(() => log.close());
  return { log, warnings };
}

const iteration = (t: number) => ({ kind: 'iteration', iteration: t, reward: t / 4 }) as const;
const evaluation = (v: number) => ({ kind: 'evaluation', version: v, accuracy: 0.5 }) as const;

test('each iteration and each evaluated version has one line, also when it is appended again', async () => {
  const path = join(await temporaryFolder(), 'metrics.jsonl');
  const { log } = await openLog(path);
  const appended = [iteration(0), evaluation(0), iteration(1), iteration(0), evaluation(0)];
  const recorded = await Promise.all(appended.map((record) => log.append(record)));
  expect(recorded).toEqual([true, true, true, false, false]);
  const { log: next, warnings } = await openLog(path);
  expect(await next.append(iteration(1))).toBe(false);
  expect(await next.append(evaluation(1))).toBe(true);
  expect(warnings).toEqual([]);
  const expected = [iteration(0), evaluation(0), iteration(1), evaluation(1)];
  expect(next.records).toEqual(expected);
  expect(await readMetrics(path)).toEqual(expected);
});

test('a last line that was cut short is removed aloud and written again whole', async () => {
  const path = join(await temporaryFolder(), 'metrics.jsonl');
  await writeFile(path, `${JSON.stringify(iteration(0))}\n{"kind":"iterat`);
  expect(await readMetrics(path)).toEqual([iteration(0)]);
  const { log, warnings } = await openLog(path);
  expect(warnings).toEqual([expect.stringContaining('last line was cut short (15 bytes)')]);
  await log.append(iteration(1));
  expect(await readFile(path, 'utf8')).toBe(
    `${JSON.stringify(iteration(0))}\n${JSON.stringify(iteration(1))}\n`,
  );
});

test.each([
  ['no JSON', 'x'],
  ['no record', '{"kind":"iteration"}'],
  ['no known kind', '{"kind":"other","version":1}'],
])('a line that is %s is named', async (_what, line) => {
  const path = join(await temporaryFolder(), 'metrics.jsonl');
  await writeFile(path, `${JSON.stringify(iteration(0))}\n`);
  await appendFile(path, `${line}\n`);
  await expect(openLog(path)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('metrics.jsonl:2 is no'),
  });
});
