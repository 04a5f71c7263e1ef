import type { IterationMeasure } from './measure-iteration.ts';
import type { EvaluationMeasure } from './measure-policy.ts';

/** What seeds are for: settings were chosen on some, and the others only confirm. */
export type SeedPurpose = 'choose' | 'confirm';

/** Names one training run of a study. Arms of one base and seed see the same prompts in the same order. */
export interface TrialName {
  readonly base: string;
  readonly arm: string;
  readonly seed: number;
}

/** First line of a trial's file. */
export interface TrialStart extends TrialName {
  readonly kind: 'trial';
  readonly study: string;
  readonly purpose: SeedPurpose;
  /** M, N and how many policy rollouts train. */
  readonly rollouts: {
    readonly policy: number;
    readonly momentum: number;
    readonly trained: number;
  };
  readonly iterations: number;
  /** Of what the numbers are a function of: configuration, weights, prompts, problems, machine. */
  readonly sha256: string;
}

/** One iteration that was applied. */
export interface IterationRecord extends IterationMeasure {
  readonly kind: 'iteration';
  /** Counted from 0. */
  readonly iteration: number;
}

/**
 * What became of the majority answers on the held-out problems since an earlier evaluation: shares of all
 * problems, which add up to 1.
 */
export interface LabelFlips {
  readonly keptRight: number;
  /** Right before, wrong or none now. */
  readonly lostRight: number;
  /** Wrong or none before, right now. */
  readonly wonRight: number;
  /** Wrong before, another wrong answer (or none) now. */
  readonly changedWrong: number;
  readonly keptWrong: number;
}

/** The policy on held-out problems, before training (iteration 0) and every so often. */
export interface EvaluationRecord {
  readonly kind: 'evaluation';
  /** Iterations applied. */
  readonly iteration: number;
  readonly greedy: EvaluationMeasure;
  /** At the evaluation temperature, several samples a problem. */
  readonly sampled: EvaluationMeasure;
  /** Against the evaluation before and against the base; null at iteration 0. */
  readonly flips: { readonly sinceLast: LabelFlips; readonly sinceBase: LabelFlips } | null;
}

/** Last line of a trial's file: without it the trial is unfinished. */
export interface TrialEnd {
  readonly kind: 'end';
  /** Wall time (s). */
  readonly seconds: number;
  /** Of the final policy. */
  readonly weightsSha256: string;
  /** The final policy at the temperature where its entropy is the base's at the evaluation temperature. */
  readonly matched: EvaluationMeasure;
}

export type TrialRecord = TrialStart | IterationRecord | EvaluationRecord | TrialEnd;

/** A finished trial, read back. */
export interface Trial {
  readonly start: TrialStart;
  readonly iterations: readonly IterationRecord[];
  readonly evaluations: readonly EvaluationRecord[];
  readonly end: TrialEnd;
}
