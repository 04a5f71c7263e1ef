// Trains a recipe in one process and measures it against gold answers:
//   node bench/experiments/study.ts recipes/arithmetic.yaml --seed 11 [--every 25] [--problems test] [--set path=value]… > run.jsonl
// The first line is the configuration, then one line an iteration and one an evaluation.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRunConfig } from '@mgrpo/config';
import { measureIteration, measurePolicy } from './measure.ts';
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
const config = loadRunConfig({
  file: positionals[0] ?? 'recipes/arithmetic.yaml',
  environment: {},
  overrides: [`seed=${values.seed}`, 'deployment.rollout.slots=512', ...values.set].map(
    (assignment) => ({ flag: '--set', assignment }),
  ),
});
const folder = join(import.meta.dirname, '../../recipes/data/arithmetic');
const write = (record: object) => writeSync(1, `${JSON.stringify(record)}\n`);

const run = await OneProcessRun.open(config);
const problems = await run.problems(join(folder, `${values.problems}.jsonl`));
const evaluate = async () => {
  const greedy = await measurePolicy(run, problems, { temperature: 0, samples: 1 });
  const sampled = await measurePolicy(run, problems, { temperature: 0.8, samples: 4 });
  write({ kind: 'evaluation', iteration: run.applied, greedy, sampled });
};
write({ kind: 'study', recipe: positionals[0], overrides: values.set, seed: config.seed });
const start = performance.now();
await evaluate();
while (run.applied < config.iterations) {
  const iteration = await run.next();
  write({ kind: 'iteration', iteration: iteration.iteration, ...measureIteration(iteration) });
  const isLast = run.applied === config.iterations;
  if (run.applied % Number(values.every) === 0 || isLast) await evaluate();
}
write({ kind: 'end', seconds: (performance.now() - start) / 1000 });
await run.close();
