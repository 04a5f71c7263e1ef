import { collapseReasons } from '@mgrpo/algorithm';
import type { TrainingBatch__Output } from '@mgrpo/rpc';
import { createMetrics, type Metrics, type Registry } from '@mgrpo/telemetry';
import type { IterationRecord } from './iteration-record.ts';

/** What a run's learner shows as metrics. */
export interface LearnerMetrics {
  iteration(record: IterationRecord, batch: TrainingBatch__Output): void;
  evaluation(record: Readonly<Record<string, unknown>>): void;
  published(version: number): void;
  sent(role: 'policy' | 'momentum', bytes: number, seconds: number): void;
  checkpoint(version: number, writtenAtMs: number): void;
  store: StoreMetrics;
}

/** How the uploads to the store go. */
export interface StoreMetrics {
  bytes(bytes: number): void;
  failed(): void;
  /** The store has everything of this moment; `version` is null before the first checkpoint. */
  current(version: number | null): void;
}

const roles = ['policy', 'momentum'] as const;

/** Gauges that show one number of the last iteration, as it is. */
const numbers = [
  'reward',
  'advantage',
  'voteShare',
  'groupAnswers',
  'topLabel',
  'selfAgreement',
  'labelCollision',
  'roleDisagreement',
  'fence',
  'responseLength',
  'truncated',
  'loss',
  'kl',
  'clipped',
  'logprobGap',
  'logprobGapMax',
  'gradientNorm',
  'lossScale',
  'learningRate',
  'momentumCoefficient',
] as const;

const others = [
  'entropy',
  'collapseSuspected',
  'validationAccuracy',
  'iterations',
  'iterationsWithoutSignal',
  'skippedSteps',
  'iterationSeconds',
  'stepSeconds',
  'weightVersion',
  'weightBytes',
  'weightSeconds',
  'lag',
  'checkpointTimestamp',
  'checkpointVersion',
  'learnerEpoch',
  'storeBytes',
  'storeFailures',
  'storeTimestamp',
  'storeVersion',
] as const;

/** Registers the learner's metrics. A replayed iteration counts again: counters are of this process. */
export function learnerMetrics(
  registry: Registry,
  { lag, epoch }: { lag: number; epoch: number },
): LearnerMetrics {
  const metrics = createMetrics(registry, [...numbers, ...others], { direction: 'sent' });
  metrics.lag.set(lag);
  metrics.learnerEpoch.set(epoch);
  return {
    iteration: (record, batch) => showIteration(record, batch, metrics),
    evaluation: ({ passes }) => {
      for (const { temperature, accuracy } of Array.isArray(passes) ? passes : []) {
        if (typeof accuracy !== 'number') continue;
        metrics.validationAccuracy.set(
          { pass: temperature === 0 ? 'greedy' : 'sampled' },
          accuracy,
        );
      }
    },
    published: (version) => {
      for (const role of roles) metrics.weightVersion.set({ role }, version);
    },
    sent: (role, bytes, seconds) => {
      metrics.weightBytes.inc({ role, direction: 'sent' }, bytes);
      metrics.weightSeconds.observe({ role, direction: 'sent' }, seconds);
    },
    checkpoint: (version, writtenAtMs) => {
      metrics.checkpointVersion.set(version);
      metrics.checkpointTimestamp.set(writtenAtMs / 1000);
    },
    store: {
      bytes: (bytes) => metrics.storeBytes.inc(bytes),
      failed: () => metrics.storeFailures.inc(),
      current: (version) => {
        metrics.storeTimestamp.set(Date.now() / 1000);
        if (version !== null) metrics.storeVersion.set(version);
      },
    },
  };
}

function showIteration(
  record: IterationRecord,
  batch: TrainingBatch__Output,
  metrics: Metrics<(typeof numbers)[number] | (typeof others)[number]>,
): void {
  const { entropy, hasSignal, seconds, collapse } = record;
  metrics.iterations.inc();
  if (!hasSignal) metrics.iterationsWithoutSignal.inc();
  for (const { what } of record.skippedSteps) metrics.skippedSteps.inc({ reason: what });
  const values = numbersOf(record, batch);
  for (const name of numbers) {
    const value = values[name];
    if (value != null) metrics[name].set(value);
  }
  for (const role of roles) {
    const mean = entropy[role];
    if (mean !== null) metrics.entropy.set({ role }, mean);
  }
  for (const reason of collapseReasons) {
    const isSeen = collapse.kind === 'suspected' && collapse.reasons.includes(reason);
    metrics.collapseSuspected.set({ reason }, isSeen ? 1 : 0);
  }
  for (const phase of ['generate', 'vote', 'learn', 'other'] as const) {
    metrics.iterationSeconds.observe({ phase }, seconds[phase]);
  }
  if (seconds.train === undefined) return;
  for (const phase of ['reference', 'gradients', 'update'] as const) {
    metrics.stepSeconds.observe({ phase }, seconds.train[phase]);
  }
}

function numbersOf(
  record: IterationRecord,
  batch: TrainingBatch__Output,
): Record<(typeof numbers)[number], number | null | undefined> {
  const { step } = record;
  return {
    reward: record.reward,
    advantage: meanMagnitude(batch),
    voteShare: record.voteShare,
    groupAnswers: record.answersPerGroup,
    topLabel: record.topLabelShare,
    selfAgreement: record.selfAgreement,
    labelCollision: record.labelCollision,
    roleDisagreement: record.disagreement,
    fence: record.fenceLower,
    responseLength: record.responseTokens,
    truncated: record.truncated,
    loss: step?.loss,
    kl: step?.kl,
    clipped: step?.clipFraction,
    logprobGap: step?.logprobGap,
    logprobGapMax: step?.logprobGapMax,
    gradientNorm: step?.gradientNorm,
    lossScale: record.lossScale,
    learningRate: record.learningRates.at(-1),
    momentumCoefficient: record.momentumCoefficients.at(-1),
  };
}

/** Mean absolute advantage of the rollouts that train, or null without any. */
function meanMagnitude({ groups }: TrainingBatch__Output): number | null {
  const members = groups.flatMap((group) => group.members).filter((member) => member.trains);
  if (members.length === 0) return null;
  return members.reduce((sum, { advantage }) => sum + Math.abs(advantage), 0) / members.length;
}
