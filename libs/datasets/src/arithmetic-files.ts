import { streamKey } from '@mgrpo/algorithm';
import type { Split } from './arithmetic.ts';
import { chainProblemOf, chainRephrasings } from './arithmetic.ts';

/** How many problems each file has. */
const sizes: Readonly<Record<Split, number>> = { train: 4096, validation: 256, test: 1024 };

// Part of the files' identity, like the sizes: other values make other files.
const seed = 10;

/** The most rephrasings of a training problem. */
const maxRephrasings = 2;

interface Row {
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
}

/**
 * The prompts files of the arithmetic recipes, by name: a pure function without input.
 *
 * Rephrasings have a file of their own, so that the runs of other methods keep theirs.
 */
export function arithmeticFiles(): ReadonlyMap<string, string> {
  const splits = Object.keys(sizes) as Split[];
  const files = new Map<string, string>();
  splits.forEach((split, index) => {
    const rows = chainRows(split, index);
    files.set(`${split}.jsonl`, linesOf(rows));
    if (split === 'train') files.set('train-rephrased.jsonl', linesOf(rephrasedRows(rows)));
  });
  return files;
}

/** A split's different problems. */
function chainRows(split: Split, iteration: number): Row[] {
  const prompts = new Set<string>();
  const rows: Row[] = [];
  for (let index = 0; rows.length < sizes[split]; index++) {
    const key = streamKey({ seed, purpose: 'pretraining', iteration, prompt: index });
    const { prompt, answer } = chainProblemOf(split, key);
    if (prompts.has(prompt)) continue;
    prompts.add(prompt);
    rows.push({ id: `${split}/${rows.length}`, prompt, answer });
  }
  return rows;
}

/** The problems that can be said in other words. */
function rephrasedRows(rows: readonly Row[]): object[] {
  return rows.flatMap((row) => {
    const rephrasings = chainRephrasings(row.prompt).slice(0, maxRephrasings);
    return rephrasings.length === 0 ? [] : [{ ...row, rephrasings }];
  });
}

function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
