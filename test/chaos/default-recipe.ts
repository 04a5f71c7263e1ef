import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The default recipe as chaos runs train it: two workers of each role, often a checkpoint, few validation prompts. */
export function defaultRecipe(lag: 0 | 1, iterations: number): RunConfig {
  return loadRunConfig({
    file: join(root, 'recipes/arithmetic.yaml'),
    environment: {},
    overrides: [
      `iterations=${iterations}`,
      `lag=${lag}`,
      'checkpoint.everyIterations=5',
      'evaluation.everyIterations=20',
      'evaluation.maxPrompts=32',
    ].map((assignment) => ({ flag: 'chaos', assignment })),
  });
}
