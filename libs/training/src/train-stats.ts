import {
  type ImportanceMetrics,
  importanceMetrics,
  type LossSequence,
  lossMetrics,
  type StepTotals,
  stepLoss,
} from '@mgrpo/algorithm';
import type { SequencePlace } from './training-batch.ts';
import type { TrainingLoss } from './training-options.ts';

/** Seconds of one iteration, by what they went into. */
export interface TrainSeconds {
  /** KL reference logprobs. */
  readonly reference: number;
  /** Forward and backward passes. */
  readonly gradients: number;
  /** Norm, AdamW and EMA. */
  readonly update: number;
}

/** What only a policy loss has. Means over the response tokens that carry gradient. */
export interface PolicyStats {
  readonly policyLoss: number;
  /** k3 estimate of KL to the reference, before its coefficient; 0 without a reference. */
  readonly kl: number;
  /** Share of tokens whose gradient the clip removes. */
  readonly clipFraction: number;
  readonly ratioMean: number;
  /** Mean |learner logprob - behaviour logprob|: rounding on-policy, staleness with lag. */
  readonly logprobGap: number;
  /** The largest of these distances. */
  readonly logprobGapMax: number;
  /** Null without truncated importance sampling. */
  readonly importance: ImportanceMetrics | null;
}

/** One optimiser step. */
export interface StepStats {
  readonly loss: number;
  /** Global L2 norm before clipping. */
  readonly gradientNorm: number;
  /** Mean entropy in nats over the response tokens that carry gradient. */
  readonly entropy: number;
  /** Response tokens and responses of the step, those without gradient included. */
  readonly numTokens: number;
  readonly numSequences: number;
  readonly policy: PolicyStats | null;
}

/** An optimiser step that was not made, because its loss or gradient is NaN or infinite: it changed nothing. */
export interface SkippedStep {
  /** Its minibatch, from 0. */
  readonly step: number;
  /** `loss-scale` where the gradient was not, and the scale of float16 may be why: it is halved for the next step. */
  readonly what: 'loss' | 'gradient' | 'loss-scale';
  /** Sequences with a number of their own that is not finite; all of the minibatch where no single one has. */
  readonly sequences: readonly SequencePlace[];
}

/** What training on one iteration did. */
export type TrainStats =
  | {
      /** Every advantage was zero, or there was no sequence: the weights are those of before. */
      readonly kind: 'no-signal';
      readonly numTokens: number;
      readonly numSequences: number;
    }
  | {
      readonly kind: 'trained';
      /** One per optimiser step; a minibatch in which nothing carries gradient is none. */
      readonly steps: readonly StepStats[];
      readonly skipped: readonly SkippedStep[];
      /** How many of them came after the last step that was made; those of the loss scale don't count. */
      readonly skippedAtEnd: number;
      /** The loss scale of the next step; null in float32. */
      readonly lossScale: number | null;
      readonly seconds: TrainSeconds;
    };

/** The policy part of a step's statistics, from the learner's logprobs before the update. */
export function policyStats(
  sequences: readonly LossSequence[],
  totals: StepTotals,
  loss: TrainingLoss & { kind: 'policy' },
): PolicyStats {
  const { policyLoss, kl } = stepLoss(sequences, totals, loss);
  const { clipFraction, ratioMean } = lossMetrics(sequences, loss.clipRatio);
  const gaps = sequences.flatMap(({ logprobs, behaviourLogprobs, importance }) =>
    Array.from(importance?.proximalLogprobs ?? logprobs, (logprob, t) =>
      Math.abs(logprob - behaviourLogprobs[t]!),
    ),
  );
  const importance =
    loss.importance === null ? null : importanceMetrics(sequences, loss.importance);
  const logprobGap = mean(gaps);
  const logprobGapMax = gaps.reduce((a, b) => Math.max(a, b), 0);
  return { policyLoss, kl, clipFraction, ratioMean, logprobGap, logprobGapMax, importance };
}

/** The arithmetic mean, summed in order. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
