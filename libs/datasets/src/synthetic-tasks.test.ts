import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RandomKey, streamKey } from '@mgrpo/algorithm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainArithmetic } from './chain-arithmetic.ts';
import { splitOf } from './problem-split.ts';
import { productSum } from './product-sum.ts';
import { problemOf, type SyntheticTask } from './synthetic-task.ts';
import { type SyntheticTaskName, syntheticTasks } from './synthetic-tasks.ts';
import { taskFiles, taskFolders } from './task-files.ts';
import { type TaskSampleOptions, taskSample } from './task-sample.ts';

const keyOf = (prompt: number) => streamKey({ seed: 1, purpose: 'pretraining', prompt });
const keys = fc.nat().map(keyOf);
const clean: TaskSampleOptions = { bareShare: 0, noiseShare: 0, strayShare: 0 };
const chainSample = (key: RandomKey, options: Partial<TaskSampleOptions>) =>
  taskSample(chainArithmetic, key, { ...clean, ...options });

/** The running values of a prompt, computed from its text alone. */
function runningValues(prompt: string): string {
  const steps = prompt.slice(1, -1).match(/[-+*]\d/g)!;
  let value = Number(prompt[0]);
  return steps
    .map((step) => {
      const digit = Number(step[1]);
      if (step[0] === '+') value = (value + digit) % 10;
      if (step[0] === '-') value = (value + 10 - digit) % 10;
      if (step[0] === '*') value = (value * digit) % 10;
      return value;
    })
    .join('');
}

test('the example of the task is worked as described', () => {
  expect(runningValues('6+1+6-2*6*7=')).toBe('73162');
});

test('a problem has six digits, five operators and the values in between', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const { prompt, working, answer } = chainArithmetic.problem(key, 0);
      expect(prompt).toMatch(/^\d([-+*]\d){5}=$/);
      expect(working).toBe(runningValues(prompt));
      expect(answer).toBe(working.at(-1));
    }),
  );
});

test('a problem of a split is of that split, and the splits have their shares', () => {
  for (const split of ['train', 'validation', 'test'] as const) {
    expect(splitOf(problemOf(chainArithmetic, split, { key: keyOf(3), first: 0 }).prompt)).toBe(
      split,
    );
  }
  const splits = Array.from({ length: 10_000 }, (_, i) =>
    splitOf(chainArithmetic.problem(keyOf(i), 0).prompt),
  );
  const countOf = (split: string) => splits.filter((other) => other === split).length;
  expect(countOf('validation')).toBeGreaterThan(420);
  expect(countOf('validation')).toBeLessThan(580);
  expect(countOf('test')).toBeGreaterThan(420);
  expect(countOf('test')).toBeLessThan(580);
});

test('without noise a sample is the worked or the bare answer of a training problem', () => {
  fc.assert(
    fc.property(keys, fc.constantFrom(0, 1), (key, bareShare) => {
      const { prompt, response } = chainSample(key, { bareShare });
      const working = runningValues(prompt);
      expect(splitOf(prompt)).toBe('train');
      expect(response).toBe(`${bareShare === 1 ? '' : working}>${working.at(-1)}`);
    }),
  );
});

test('noise replaces one digit, wherever it stands, and nothing else', () => {
  const changedAt = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const clean = chainSample(keyOf(i), {});
    const noisy = chainSample(keyOf(i), { noiseShare: 1 });
    expect(noisy.prompt).toBe(clean.prompt);
    expect(noisy.response).toMatch(/^\d{5}>\d$/);
    const changed = [...clean.response].flatMap((c, at) => (c === noisy.response[at] ? [] : [at]));
    expect(changed.length).toBeLessThanOrEqual(1);
    for (const at of changed) changedAt.add(at);
  }
  expect([...changedAt].sort()).toEqual([0, 1, 2, 3, 4, 6]);
});

test('bare and noisy samples have the shares asked for', () => {
  const samples = Array.from({ length: 4000 }, (_, i) =>
    chainSample(keyOf(i), { bareShare: 0.6, noiseShare: 0.2 }),
  );
  const bare = samples.filter(({ response }) => response.startsWith('>')).length / 4000;
  const wrong =
    samples.filter(({ prompt, response }) => {
      const working = runningValues(prompt);
      return response !== `>${working.at(-1)}` && response !== `${working}>${working.at(-1)}`;
    }).length / 4000;
  expect(bare).toBeCloseTo(0.6, 1);
  // One replaced digit in ten is the digit that was there.
  expect(wrong).toBeCloseTo(0.18, 1);
});

test('a product and a sum are worked as described', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const { prompt, response } = taskSample(productSum, key, clean);
      const [, a, b, c] = prompt.match(/^(\d\d)\*(\d)\+(\d\d)=$/)!.map(Number);
      expect(response).toBe(`${a! * b!}>${a! * b! + c!}`);
      expect(response.length).toBeLessThanOrEqual(7);
      expect(splitOf(prompt)).toBe('train');
    }),
  );
});

test('stray samples blurt the answer of another problem, and noisy ones are none of them', () => {
  const options = { bareShare: 0, noiseShare: 0.4, strayShare: 0.1 };
  const samples = Array.from({ length: 4000 }, (_, i) => taskSample(productSum, keyOf(i), options));
  const stray = samples.filter(({ response }) => response.startsWith('>')).length / 4000;
  const right = samples.filter((sample, i) => {
    return sample.response === taskSample(productSum, keyOf(i), clean).response;
  });
  expect(stray).toBeCloseTo(0.1, 1);
  // One replaced digit in ten is the digit that was there.
  expect(right.length / 4000).toBeCloseTo(0.54, 1);
});

/** The answer of a prompt of either task, from its text alone. */
function answerOf(prompt: string): string {
  const product = prompt.match(/^(\d\d)\*(\d)\+(\d\d)=$/);
  if (product === null) return runningValues(prompt).at(-1)!;
  return String(Number(product[1]) * Number(product[2]) + Number(product[3]));
}

interface Row {
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
  readonly rephrasings?: readonly string[];
}

const rowsOf = (content: string): Row[] =>
  content
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(Object.entries(syntheticTasks) as [SyntheticTaskName, SyntheticTask][])(
  'the files of %s',
  (name, { characters }) => {
    const files = taskFiles(name);

    test('are the committed ones', async () => {
      const folder = join(import.meta.dirname, '../../../recipes/data', taskFolders[name]);
      for (const [file, content] of files) {
        expect(await readFile(join(folder, file), 'utf8'), file).toBe(content);
      }
    });

    test('share no problem, repeat none, and every answer is right', () => {
      const rows = ['train', 'validation', 'test'].flatMap((split) =>
        rowsOf(files.get(`${split}.jsonl`)!),
      );
      expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(4096 + 256 + 1024);
      for (const { id, prompt, answer } of rows) {
        expect(id.startsWith(`${splitOf(prompt)}/`)).toBe(true);
        expect(answer).toBe(answerOf(prompt));
        expect([...prompt].every((character) => characters.includes(character))).toBe(true);
      }
    });
  },
);

test('every rephrasing has the answer of its problem, differs from it and is for training', () => {
  const files = taskFiles('chain-arithmetic');
  const train = new Map(rowsOf(files.get('train.jsonl')!).map((row) => [row.id, row]));
  const rows = rowsOf(files.get('train-rephrased.jsonl')!);
  expect(rows.length).toBeGreaterThan(4000);
  for (const { rephrasings, ...row } of rows) {
    expect(row).toEqual(train.get(row.id));
    for (const rephrasing of rephrasings!) {
      expect(rephrasing).not.toBe(row.prompt);
      expect(answerOf(rephrasing)).toBe(row.answer);
      expect(splitOf(rephrasing)).toBe('train');
    }
  }
});
