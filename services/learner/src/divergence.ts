import type { MetricsRecord } from '@mgrpo/checkpoint';
import type { TrainingBatch__Output } from '@mgrpo/rpc';
import type { Logger } from '@mgrpo/telemetry';
import type { SkippedStep, TrainStats } from '@mgrpo/training';

/** A skipped step as the records and the log name it: by iteration, prompts and policy rollouts. */
export interface NamedSkip {
  readonly step: number;
  readonly what: SkippedStep['what'];
  readonly rollouts: readonly { readonly prompt: number; readonly rollout: number }[];
}

/** The skipped steps of an iteration with the rollouts that their sequences were made of. */
export function namedSkips({ groups }: TrainingBatch__Output, train: TrainStats): NamedSkip[] {
  if (train.kind === 'no-signal') return [];
  return train.skipped.map(({ step, what, sequences }) => ({
    step,
    what,
    rollouts: sequences.map(({ prompt, sequence }) => {
      const group = groups[prompt]!;
      const training = group.members.filter(
        (member) => member.role === 'ROLE_POLICY' && member.trains,
      );
      return { prompt: group.prompt, rollout: training[sequence]!.index };
    }),
  }));
}

/**
 * Skipped steps in a row up to the end of an iteration: a function of the records before it, so that a replay
 * counts as the run did. An iteration without a step, for want of signal, neither adds to them nor ends them.
 */
export function skippedInARow(records: readonly MetricsRecord[], train: TrainStats): number {
  const before = skippedInARowAfter(records);
  if (train.kind === 'no-signal') return before;
  return train.steps.length === 0 ? before + train.skippedAtEnd : train.skippedAtEnd;
}

/** Tells of a skipped step; one that halves the loss scale is no fault. */
export function logSkip(log: Logger, iteration: number, skip: NamedSkip): void {
  if (skip.what === 'loss-scale') log.info({ iteration, ...skip }, 'loss scale halved');
  else log.error({ iteration, ...skip }, 'step skipped: not finite');
}

/** The number that the last record of an iteration holds. */
export function skippedInARowAfter(records: readonly MetricsRecord[]): number {
  const last = records.findLast((record) => record.kind === 'iteration');
  return typeof last?.skippedInARow === 'number' ? last.skippedInARow : 0;
}
