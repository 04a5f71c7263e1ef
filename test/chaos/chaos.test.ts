import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWorkspace, smallConfig } from '../loop/small-run.ts';
import { type ChaosResult, strikeThrough } from './chaos-run.ts';
import { differences } from './evidence.ts';
import { faults } from './faults/faults.ts';
import { type ChaosPlan, schedule } from './schedule.ts';

// The short form: a small random model and eight faults of the table. `npm run test:chaos` has all of them.
const chosen = [
  'kill-policy-rollout',
  'kill-learner-after-step',
  'kill-learner-mid-checkpoint',
  'stop-momentum-rollout',
  'redis-empty',
  'cut-learner-links',
  'payload-corrupted',
  'journal-cut',
];
const iterations = 24;
const seed = 1;
const plans = schedule({
  seed,
  faults: faults.filter(({ name }) => chosen.includes(name)),
  numRuns: 2,
  iterations,
});

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

function run(name: string, lag: number, strikes: ChaosPlan['strikes']): Promise<ChaosResult[]> {
  const folder = join(workspace.folder, name);
  const set = [
    `iterations=${iterations}`,
    `lag=${lag}`,
    'checkpoint.everyIterations=5',
    'evaluation.everyIterations=10',
  ];
  const config = smallConfig({ runFolder: folder, base: workspace.base, set });
  return strikeThrough({ folder, config, strikes, seed, tell: () => {} });
}

it.each(
  plans.map((plan) => ({ ...plan, names: plan.strikes.map(({ fault }) => fault.name).join(',') })),
)(
  'with lag $lag the bits are the same through $names',
  async ({ run: number, lag, strikes, names }) => {
    const [undisturbed] = await run(`undisturbed-${lag}`, lag, []);
    const disturbed = await run(`run-${number}`, lag, strikes);
    const again = `npm run test:chaos -- --seed ${seed} --small --only ${names}`;
    for (const { evidence } of disturbed) {
      expect(differences(undisturbed!.evidence, evidence), again).toEqual([]);
      expect(evidence.journal).toHaveLength(iterations);
    }
    const struck = disturbed.flatMap(({ costs }) => costs.map(({ fault }) => fault));
    expect(struck.toSorted()).toEqual(names.split(',').toSorted());
  },
  240_000,
);

it('a difference in journal, metrics or weights is told', () => {
  const evidence = { weights: ['a', 'b'], journal: ['1', '2'], metrics: ['x', 'y'] };
  expect(differences(evidence, evidence)).toEqual([]);
  expect(differences(evidence, { ...evidence, weights: ['a', 'c'] })).toEqual([
    'weights: entry 1 is c instead of b',
  ]);
  expect(differences(evidence, { ...evidence, journal: ['1'] })).toEqual([
    'journal: 1 entries instead of 2',
  ]);
});
