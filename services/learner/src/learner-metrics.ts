import { collapseReasons } from '@mgrpo/algorithm';
import { createMetrics, type Registry } from '@mgrpo/telemetry';
import type { IterationRecord } from './iteration-record.ts';

/** Shows a run's records as metrics. */
export interface LearnerMetrics {
  iteration(record: IterationRecord): void;
  evaluation(record: Readonly<Record<string, unknown>>): void;
}

/** Registers the learner's metrics. A replayed iteration counts again: counters are of this process. */
export function learnerMetrics(registry: Registry): LearnerMetrics {
  const metrics = createMetrics(registry, [
    'reward',
    'entropy',
    'loss',
    'kl',
    'gradientNorm',
    'iterations',
    'iterationsWithoutSignal',
    'iterationSeconds',
    'validationAccuracy',
    'selfAgreement',
    'labelCollision',
    'roleDisagreement',
    'responseLength',
    'collapseSuspected',
  ]);
  return {
    iteration: (record) => {
      const { reward, entropy, hasSignal, step, seconds, collapse } = record;
      metrics.iterations.inc();
      if (!hasSignal) metrics.iterationsWithoutSignal.inc();
      if (reward !== null) metrics.reward.set(reward);
      for (const role of ['policy', 'momentum'] as const) {
        const mean = entropy[role];
        if (mean !== null) metrics.entropy.set({ role }, mean);
      }
      if (step?.loss != null) metrics.loss.set(step.loss);
      if (step?.kl != null) metrics.kl.set(step.kl);
      if (step?.gradientNorm != null) metrics.gradientNorm.set(step.gradientNorm);
      const signals = {
        selfAgreement: record.selfAgreement,
        labelCollision: record.labelCollision,
        roleDisagreement: record.disagreement,
        responseLength: record.responseTokens,
      };
      for (const [name, value] of Object.entries(signals)) {
        if (value !== null) metrics[name as keyof typeof signals].set(value);
      }
      for (const reason of collapseReasons) {
        const isSeen = collapse.kind === 'suspected' && collapse.reasons.includes(reason);
        metrics.collapseSuspected.set({ reason }, isSeen ? 1 : 0);
      }
      for (const phase of ['generate', 'vote', 'learn', 'other'] as const) {
        metrics.iterationSeconds.observe({ phase }, seconds[phase]);
      }
    },
    evaluation: ({ passes }) => {
      for (const { temperature, accuracy } of Array.isArray(passes) ? passes : []) {
        if (typeof accuracy !== 'number') continue;
        metrics.validationAccuracy.set(
          { pass: temperature === 0 ? 'greedy' : 'sampled' },
          accuracy,
        );
      }
    },
  };
}
