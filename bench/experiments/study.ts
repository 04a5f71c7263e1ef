// Trains a recipe in one process and measures it against gold answers:
//   node bench/experiments/study.ts recipes/arithmetic.yaml --seed 11 [--every 25] [--problems test] [--set path=value]… > run.jsonl
// The first line says what is studied; then one line an iteration, one an evaluation, and the control at the end.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { weightsSha256 } from '@mgrpo/checkpoint';
import { loadRunConfig } from '@mgrpo/config';
import { matchedControl, measureIteration, measurePolicy } from './measure.ts';
import { OneProcessRun } from './one-process-run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '25' },
    problems: { type: 'string', default: 'validation' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const recipe = positionals[0] ?? 'recipes/arithmetic.yaml';
const config = loadRunConfig({
  file: recipe,
  environment: {},
  overrides: [`seed=${values.seed}`, 'deployment.rollout.slots=512', ...values.set].map(
    (assignment) => ({ flag: '--set', assignment }),
  ),
});
const write = (record: object) => writeSync(1, `${JSON.stringify(record)}\n`);
write({ kind: 'study', recipe, overrides: values.set, seed: config.seed });

const start = performance.now();
const run = await OneProcessRun.open(config);
const folder = join(import.meta.dirname, '../../recipes/data/arithmetic');
const problems = await run.problems(join(folder, `${values.problems}.jsonl`));
const evaluate = async () => {
  const greedy = await measurePolicy(run, problems, { temperature: 0, samples: 1 });
  const sampled = await measurePolicy(run, problems, { temperature: 0.8, samples: 4 });
  write({ kind: 'evaluation', iteration: run.applied, greedy, sampled });
  return sampled;
};
let sampled = await evaluate();
while (run.applied < config.iterations) {
  const iteration = await run.next();
  write({ kind: 'iteration', iteration: iteration.iteration, ...measureIteration(iteration) });
  const isLast = run.applied === config.iterations;
  if (run.applied % Number(values.every) === 0 || isLast) sampled = await evaluate();
}
const seconds = (performance.now() - start) / 1000;
const weights = weightsSha256(await run.weights());
await run.close();

const base = await OneProcessRun.open(config);
write({ kind: 'control', ...(await matchedControl(base, problems, sampled.entropy)) });
await base.close();
write({ kind: 'end', seconds, weightsSha256: weights });
