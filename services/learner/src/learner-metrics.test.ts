import type { TrainingBatch__Output } from '@mgrpo/rpc';
import { createRegistry } from '@mgrpo/telemetry';
import type { SkippedStep, TrainStats } from '@mgrpo/training';
import { expect, test } from 'vitest';
import { measuredIteration } from './iteration-record.ts';
import { learnerMetrics } from './learner-metrics.ts';

const noGroups = { iteration: 0, weightVersion: 0, groups: [], rollouts: [] };
const batch = noGroups as unknown as TrainingBatch__Output;
const context = {
  learningRates: [1e-3],
  momentumCoefficients: [0.9],
  skippedInARow: 0,
  entropySource: 'vocabulary' as const,
};
const published = {
  policySha256: '',
  seconds: { total: 4, generate: 1, vote: 1, learn: 1, other: 1 },
  collapse: { kind: 'healthy' },
} as const;

/** What `/metrics` says of a name after iterations with these results. */
async function shownAfter(results: readonly TrainStats[], name: string): Promise<string[]> {
  const registry = createRegistry('learner');
  const metrics = learnerMetrics(registry, { lag: 0, epoch: 1 });
  for (const result of results) {
    const record = measuredIteration(batch, result, context);
    metrics.iteration({ ...record, ...published }, batch);
  }
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
  return lines.map((line) => line.slice(name.length).replace(/,?service="learner"/, ''));
}

function trained(lossScale: number | null, ...whats: SkippedStep['what'][]): TrainStats {
  const skipped = whats.map((what, step) => ({ step, what, sequences: [] }));
  const seconds = { reference: 0, gradients: 0, update: 0 };
  return { kind: 'trained', steps: [], skipped, skippedAtEnd: 0, lossScale, seconds };
}
const noSignal: TrainStats = { kind: 'no-signal', numTokens: 0, numSequences: 0 };

test('the loss scale is that of the next step, through iterations without one, and 0 in float32', async () => {
  const scaled = [trained(2 ** 16), trained(2 ** 15, 'loss-scale'), noSignal];
  expect(await shownAfter(scaled, 'mgrpo_loss_scale')).toEqual(['{} 32768']);
  expect(await shownAfter([trained(null)], 'mgrpo_loss_scale')).toEqual(['{} 0']);
});

test('skipped steps count by what was not finite, apart from those of the loss scale', async () => {
  const results = [trained(2 ** 15, 'loss-scale', 'loss-scale', 'gradient'), noSignal];
  expect(await shownAfter(results, 'mgrpo_skipped_steps_total')).toEqual([
    '{reason="loss"} 0',
    '{reason="gradient"} 1',
    '{reason="loss-scale"} 2',
  ]);
});
