// Trains a recipe in one process and measures it against gold answers:
//   node bench/experiments/study.ts recipes/arithmetic.yaml --seed 11 [--every 25] [--problems test] [--set path=value]… > run.jsonl
import { writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRunConfig } from '@mgrpo/config';
import { runTrial, type TrialRecord } from '@mgrpo/study';

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
await runTrial(
  {
    study: recipe,
    base: config.model.path,
    arm: values.set.join(' '),
    seed: config.seed,
    purpose: 'choose',
    sha256: '',
    config,
    measure: {
      problems: join(dirname(config.prompts.train), `${values.problems}.jsonl`),
      maxProblems: null,
      everyIterations: Number(values.every),
      temperature: 0.8,
      samples: 4,
    },
  },
  {
    record: (record: TrialRecord) => writeSync(1, `${JSON.stringify(record)}\n`),
    iteration: () => {},
  },
);
