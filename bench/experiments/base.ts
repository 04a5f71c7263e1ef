// Describes a recipe's base model on the test problems at several temperatures:
//   node bench/experiments/base.ts [recipes/arithmetic.yaml]
import { join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { measurePolicy } from './measure.ts';
import { OneProcessRun } from './one-process-run.ts';

const root = join(import.meta.dirname, '../..');
const config = loadRunConfig({
  file: process.argv[2] ?? join(root, 'recipes/arithmetic.yaml'),
  environment: {},
  overrides: [{ flag: 'slots', assignment: 'deployment.rollout.slots=512' }],
});
const run = await OneProcessRun.open(config);
const problems = await run.problems(join(root, 'recipes/data/arithmetic/test.jsonl'));
console.log('temperature  accuracy  majority of 32  bare  right if bare  right if worked  entropy');
for (const temperature of [0, 0.2, 0.4, 0.6, 0.8, 1, 1.1, 1.3]) {
  const samples = temperature === 0 ? 1 : 32;
  const measure = await measurePolicy(run, problems, { temperature, samples });
  const { accuracy, majorityAccuracy, bareShare, bareAccuracy, workedAccuracy, entropy } = measure;
  const numbers = [accuracy, majorityAccuracy, bareShare, bareAccuracy, workedAccuracy, entropy];
  console.log(temperature, ...numbers.map((number) => number.toFixed(3)));
}
await run.close();
