// Writes the prompts files of the synthetic tasks' recipes: node libs/datasets/src/make-task-files.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SyntheticTaskName, syntheticTasks } from './synthetic-tasks.ts';
import { taskFiles, taskFolders } from './task-files.ts';

for (const name of Object.keys(syntheticTasks) as SyntheticTaskName[]) {
  const folder = join(import.meta.dirname, '../../../recipes/data', taskFolders[name]);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of taskFiles(name)) writeFileSync(join(folder, file), content);
}
