import { type StepTotals, type TokenImportance, tokenWeight } from '@mgrpo/algorithm';
import { perTokenFeed } from './microbatch.ts';
import type { Feeds } from './model-feeds.ts';
import type { TokenScores } from './token-scores.ts';
import type { GradientOptions } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

/** A sequence, its KL reference's logprobs, empty without a reference, and what its tokens count. */
export interface ReferencedSequence extends TrainingSequence {
  readonly referenceLogprobs: Float32Array;
  /** Null without truncated importance sampling. */
  readonly importance: TokenImportance | null;
}

/** The gradient of a step, and what the model said on the way. */
export interface GradientResult {
  readonly loss: number;
  /** Flat; valid until the next pass. */
  readonly gradient: Float32Array;
  readonly scores: readonly TokenScores[];
}

/** Computes a step's gradient in microbatches. Runs block, so it lives in an engine thread. */
export interface GradientPass {
  /**
   * The gradient of the step's loss with respect to the flat weights.
   *
   * Microbatches are added in packing order, in float32: the order is part of the result.
   *
   * @param weights `weightFeeds` of the model
   * @param sequences at least one
   * @param totals of the whole step: sequences without gradient may be left out of `sequences`
   * @param lossScale in float16, what the gradient is multiplied by; see `LossScale`
   */
  run(
    weights: Feeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
    lossScale?: number,
  ): Promise<GradientResult>;
  close(): Promise<void>;
}

/**
 * The inputs of a loss (see `appendLoss`) for a microbatch, logprobs apart.
 *
 * An importance weight is a factor of its token's advantage: it is above 0, so the surrogate's minimum stays where
 * it is, and the KL term does not see it.
 */
export function lossFeeds(
  { loss, aggregation }: GradientOptions,
  microbatch: readonly ReferencedSequence[],
  totals: StepTotals,
): Feeds {
  const feeds = {
    advantages: perTokenFeed(
      microbatch,
      ({ advantage, importance }, t) => advantage * (importance?.weights[t] ?? 1),
    ),
    weights: perTokenFeed(microbatch, ({ responseTokens }) =>
      tokenWeight(aggregation, responseTokens.length, totals),
    ),
  };
  if (loss.kind === 'log-likelihood') return feeds;
  const behaviour = perTokenFeed(
    microbatch,
    (s, t) => (s.importance?.proximalLogprobs ?? s.behaviourLogprobs)[t]!,
  );
  if (loss.klCoefficient === 0) return { ...feeds, behaviourLogprobs: behaviour };
  const reference = perTokenFeed(microbatch, (s, t) => s.referenceLogprobs[t]!);
  return { ...feeds, behaviourLogprobs: behaviour, referenceLogprobs: reference };
}
