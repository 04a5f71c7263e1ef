import type { MetricsRecord } from '@mgrpo/checkpoint';
import type { TrainingBatch__Output } from '@mgrpo/rpc';
import type { SkippedStep, StepStats, TrainStats } from '@mgrpo/training';
import { expect, test } from 'vitest';
import { namedSkips, skippedInARow } from './divergence.ts';

const seconds = { reference: 0, gradients: 0, update: 0 };
const skip = (step: number): SkippedStep => ({ step, what: 'gradient', sequences: [] });
const made = { loss: 0 } as StepStats;

/** An iteration's steps in order: made or skipped. */
function trained(...steps: ('made' | 'skipped')[]): TrainStats {
  const skipped = steps.flatMap((step, k) => (step === 'skipped' ? [skip(k)] : []));
  return {
    kind: 'trained',
    steps: steps.flatMap((step) => (step === 'made' ? [made] : [])),
    skipped,
    skippedAtEnd: steps.length - 1 - steps.lastIndexOf('made'),
    lossScale: null,
    seconds,
  };
}

const noSignal: TrainStats = { kind: 'no-signal', numTokens: 0, numSequences: 0 };

/** What the record of each iteration says, one after the other. */
function counts(...iterations: TrainStats[]): number[] {
  const records: MetricsRecord[] = [];
  return iterations.map((stats, iteration) => {
    const inARow = skippedInARow(records, stats);
    records.push({ kind: 'iteration', iteration, skippedInARow: inARow });
    records.push({ kind: 'evaluation', version: iteration });
    return inARow;
  });
}

test('skipped steps count over iterations until one is made; an iteration without signal says nothing', () => {
  expect(counts(trained('skipped'), noSignal, trained('skipped'), trained('skipped'))).toEqual([
    1, 1, 2, 3,
  ]);
  expect(counts(trained('skipped'), trained('made'), trained('skipped'))).toEqual([1, 0, 1]);
  expect(
    counts(trained('made', 'skipped', 'skipped'), trained('skipped', 'made', 'skipped')),
  ).toEqual([2, 1]);
});

test('steps that the loss scale skipped neither count nor end a row', () => {
  const scaled: TrainStats = {
    kind: 'trained',
    steps: [],
    skipped: [{ step: 0, what: 'loss-scale', sequences: [] }],
    skippedAtEnd: 0,
    lossScale: 2 ** 15,
    seconds,
  };
  expect(counts(scaled, trained('skipped'), scaled, trained('skipped'))).toEqual([0, 1, 1, 2]);
});

test('a skipped step is named by prompts and the policy rollouts that train', () => {
  const member = (index: number, role: string, trains: boolean) => ({ index, role, trains });
  const batch = {
    groups: [
      { prompt: 0, members: [] },
      {
        prompt: 1,
        members: [
          member(0, 'ROLE_POLICY', false),
          member(1, 'ROLE_POLICY', true),
          member(2, 'ROLE_POLICY', true),
          member(0, 'ROLE_MOMENTUM', true),
        ],
      },
    ],
  } as unknown as TrainingBatch__Output;
  const sequences = [{ prompt: 1, sequence: 1 }];
  const stats = {
    ...trained('skipped'),
    skipped: [{ step: 0, what: 'loss', sequences }],
  } as TrainStats;
  expect(namedSkips(batch, stats)).toEqual([
    { step: 0, what: 'loss', rollouts: [{ prompt: 1, rollout: 2 }] },
  ]);
  expect(namedSkips(batch, noSignal)).toEqual([]);
});
