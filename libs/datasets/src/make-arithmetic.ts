// Writes the prompts files of the arithmetic recipe: node libs/datasets/src/make-arithmetic.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { arithmeticFiles } from './arithmetic-files.ts';

const folder = join(import.meta.dirname, '../../../recipes/data/arithmetic');
mkdirSync(folder, { recursive: true });
for (const [name, content] of arithmeticFiles()) writeFileSync(join(folder, name), content);
