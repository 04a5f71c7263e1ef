import { streamKey } from '@mgrpo/algorithm';
import type { Split } from './arithmetic.ts';
import { chainProblemOf } from './arithmetic.ts';

/** How many problems each file has. */
const sizes: Readonly<Record<Split, number>> = { train: 4096, validation: 256, test: 1024 };

// Part of the files' identity, like the sizes: other values make other files.
const seed = 10;

/** The prompts files of the arithmetic recipe, by name: a pure function without input. */
export function arithmeticFiles(): ReadonlyMap<string, string> {
  const splits = Object.keys(sizes) as Split[];
  return new Map(
    splits.map((split, index) => [`${split}.jsonl`, chainRows(split, index).join('')]),
  );
}

/** One JSON line for each of a split's different problems. */
function chainRows(split: Split, iteration: number): string[] {
  const prompts = new Set<string>();
  const rows: string[] = [];
  for (let prompt = 0; rows.length < sizes[split]; prompt++) {
    const key = streamKey({ seed, purpose: 'pretraining', iteration, prompt });
    const problem = chainProblemOf(split, key);
    if (prompts.has(problem.prompt)) continue;
    prompts.add(problem.prompt);
    const row = { id: `${split}/${rows.length}`, prompt: problem.prompt, answer: problem.answer };
    rows.push(`${JSON.stringify(row)}\n`);
  }
  return rows;
}
