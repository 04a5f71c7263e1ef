import {
  type CollapseOptions,
  type CollapseReason,
  type CollapseSignals,
  collapseStates,
} from '@mgrpo/algorithm';
import type { IterationRecord, Trial } from './trial-record.ts';

/** What of a trial the sentinel is judged by: its signals, and the accuracy that it does not see. */
export type WatchedTrial = Pick<Trial, 'iterations' | 'evaluations'>;

/** A moment of suspicion: iterations applied, and the signs. */
interface Alarm {
  readonly at: number;
  readonly reasons: readonly CollapseReason[];
}

/** How the sentinel did on one trial. `lostAt`: iterations applied when greedy accuracy had lost a quarter of its best. */
export type SentinelVerdict =
  | {
      readonly kind: 'caught';
      readonly lostAt: number;
      readonly alarm: Alarm;
      readonly leadIterations: number;
    }
  /** The alarm came when the quarter was lost, or later. */
  | { readonly kind: 'late'; readonly lostAt: number; readonly alarm: Alarm }
  | { readonly kind: 'missed'; readonly lostAt: number }
  /** The run kept its accuracy and was suspected all the same. */
  | { readonly kind: 'false-alarm'; readonly alarm: Alarm }
  | { readonly kind: 'quiet' };

/** Judges the sentinel on a recorded trial, by its first alarm. Pure. */
export function judgeSentinel(trial: WatchedTrial, options: CollapseOptions): SentinelVerdict {
  const lostAt = quarterLostAt(trial.evaluations);
  const alarm = firstAlarm(trial.iterations.map(signalsOf), options);
  if (lostAt === null) return alarm === null ? { kind: 'quiet' } : { kind: 'false-alarm', alarm };
  if (alarm === null) return { kind: 'missed', lostAt };
  const leadIterations = lostAt - alarm.at;
  return leadIterations > 0
    ? { kind: 'caught', lostAt, alarm, leadIterations }
    : { kind: 'late', lostAt, alarm };
}

/** The evaluation, by iterations applied, at which greedy accuracy was first below 3/4 of its best before. */
export function quarterLostAt(evaluations: WatchedTrial['evaluations']): number | null {
  let best = 0;
  for (const { iteration, greedy } of evaluations) {
    if (greedy.accuracy < 0.75 * best) return iteration;
    best = Math.max(best, greedy.accuracy);
  }
  return null;
}

function firstAlarm(signals: readonly CollapseSignals[], options: CollapseOptions): Alarm | null {
  for (const [iteration, state] of collapseStates(signals, options).entries()) {
    if (state.kind === 'suspected') return { at: iteration + 1, reasons: state.reasons };
  }
  return null;
}

function signalsOf(record: IterationRecord): CollapseSignals {
  const { iteration, selfAgreement, labelCollision, disagreement, responseTokens } = record;
  return {
    iteration,
    selfAgreement,
    labelCollision,
    disagreement,
    responseTokens,
    entropy: record.entropy.policy,
    // An iteration without a step is recorded with 0.
    gradientNorm: record.gradientNorm === 0 ? null : record.gradientNorm,
  };
}
