import { streamKey } from '@mgrpo/algorithm';
import { type Split, splitOf } from './problem-split.ts';
import { problemOf, type SyntheticTask } from './synthetic-task.ts';
import { type SyntheticTaskName, syntheticTasks } from './synthetic-tasks.ts';

/** Where each task's prompts files stand, in `recipes/data`. */
export const taskFolders: Readonly<Record<SyntheticTaskName, string>> = {
  'chain-arithmetic': 'arithmetic',
  'product-sum': 'product-sum',
};

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
 * The prompts files of a task, by name: a function of the task alone.
 *
 * Rephrasings have a file of their own, so that the runs of other methods keep theirs.
 */
export function taskFiles(name: SyntheticTaskName): ReadonlyMap<string, string> {
  const task = syntheticTasks[name];
  const splits = Object.keys(sizes) as Split[];
  const files = new Map<string, string>();
  splits.forEach((split, index) => {
    const rows = taskRows(task, split, index);
    files.set(`${split}.jsonl`, linesOf(rows));
    const rephrased = split === 'train' ? rephrasedRows(task, rows) : [];
    if (rephrased.length > 0) files.set('train-rephrased.jsonl', linesOf(rephrased));
  });
  return files;
}

/** A split's different problems. */
function taskRows(task: SyntheticTask, split: Split, iteration: number): Row[] {
  const prompts = new Set<string>();
  const rows: Row[] = [];
  for (let index = 0; rows.length < sizes[split]; index++) {
    const key = streamKey({ seed, purpose: 'pretraining', iteration, prompt: index });
    const { prompt, answer } = problemOf(task, split, { key, first: 0 });
    if (prompts.has(prompt)) continue;
    prompts.add(prompt);
    rows.push({ id: `${split}/${rows.length}`, prompt, answer });
  }
  return rows;
}

/** The problems that can be said in other words which are for training too. */
function rephrasedRows(task: SyntheticTask, rows: readonly Row[]): object[] {
  return rows.flatMap((row) => {
    const rephrasings = task
      .rephrasings(row.prompt)
      .filter((rephrasing) => splitOf(rephrasing) === 'train')
      .slice(0, maxRephrasings);
    return rephrasings.length === 0 ? [] : [{ ...row, rephrasings }];
  });
}

function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
