import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { streamKey } from '@mgrpo/algorithm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  chainCharacters,
  chainProblem,
  chainProblemOf,
  chainSample,
  chainSplit,
} from './arithmetic.ts';
import { arithmeticFiles } from './arithmetic-files.ts';

const keyOf = (prompt: number) => streamKey({ seed: 1, purpose: 'pretraining', prompt });
const keys = fc.nat().map(keyOf);

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
      const { prompt, working, answer } = chainProblem(key, 0);
      expect(prompt).toMatch(/^\d([-+*]\d){5}=$/);
      expect(working).toBe(runningValues(prompt));
      expect(answer).toBe(working.at(-1));
    }),
  );
});

test('a problem of a split is of that split, and the splits have their shares', () => {
  for (const split of ['train', 'validation', 'test'] as const) {
    expect(chainSplit(chainProblemOf(split, keyOf(3)).prompt)).toBe(split);
  }
  const splits = Array.from({ length: 10_000 }, (_, i) =>
    chainSplit(chainProblem(keyOf(i), 0).prompt),
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
      const { prompt, response } = chainSample(key, { bareShare, noiseShare: 0 });
      const working = runningValues(prompt);
      expect(chainSplit(prompt)).toBe('train');
      expect(response).toBe(`${bareShare === 1 ? '' : working}>${working.at(-1)}`);
    }),
  );
});

test('noise replaces one digit, wherever it stands, and nothing else', () => {
  const changedAt = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const clean = chainSample(keyOf(i), { bareShare: 0, noiseShare: 0 });
    const noisy = chainSample(keyOf(i), { bareShare: 0, noiseShare: 1 });
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

test('the committed prompts files are what the script makes', async () => {
  const folder = join(import.meta.dirname, '../../../recipes/data/arithmetic');
  for (const [name, content] of arithmeticFiles()) {
    expect(await readFile(join(folder, name), 'utf8'), name).toBe(content);
  }
});

const rowsOf = (content: string): Record<string, unknown>[] =>
  content
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('every rephrasing has the answer of its problem, differs from it and is for training', () => {
  const files = arithmeticFiles();
  const train = new Map(rowsOf(files.get('train.jsonl')!).map((row) => [row.id, row]));
  const rows = rowsOf(files.get('train-rephrased.jsonl')!) as {
    id: string;
    prompt: string;
    answer: string;
    rephrasings: string[];
  }[];
  expect(rows.length).toBeGreaterThan(4000);
  for (const { rephrasings, ...row } of rows) {
    expect(row).toEqual(train.get(row.id));
    for (const rephrasing of rephrasings) {
      expect(rephrasing).not.toBe(row.prompt);
      expect(runningValues(rephrasing).at(-1)).toBe(row.answer);
      expect(chainSplit(rephrasing)).toBe('train');
    }
  }
});

test('the files share no problem, repeat none, and every answer is right', () => {
  const files = arithmeticFiles();
  const rows = ['train', 'validation', 'test'].flatMap(
    (name) =>
      rowsOf(files.get(`${name}.jsonl`)!) as { id: string; prompt: string; answer: string }[],
  );
  expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(4096 + 256 + 1024);
  for (const { id, prompt, answer } of rows) {
    expect(id.startsWith(`${chainSplit(prompt)}/`)).toBe(true);
    expect(answer).toBe(runningValues(prompt).at(-1));
    expect([...prompt].every((character) => chainCharacters.includes(character))).toBe(true);
  }
});
