import { type StepTotals, tokenWeight } from '@mgrpo/algorithm';
import { perTokenFeed } from './microbatch.ts';
import type { Feeds } from './model-feeds.ts';
import type { TokenScores } from './token-scores.ts';
import type { GradientOptions } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

/** A sequence and its KL reference's logprobs, empty without a reference. */
export interface ReferencedSequence extends TrainingSequence {
  readonly referenceLogprobs: Float32Array;
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
   */
  run(
    weights: Feeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
  ): Promise<GradientResult>;
  close(): Promise<void>;
}

/** The inputs of a loss (see `appendLoss`) for a microbatch, logprobs apart. */
export function lossFeeds(
  { loss, aggregation }: GradientOptions,
  microbatch: readonly ReferencedSequence[],
  totals: StepTotals,
): Feeds {
  const feeds = {
    advantages: perTokenFeed(microbatch, ({ advantage }) => advantage),
    weights: perTokenFeed(microbatch, ({ responseTokens }) =>
      tokenWeight(aggregation, responseTokens.length, totals),
    ),
  };
  if (loss.kind === 'log-likelihood') return feeds;
  const behaviour = perTokenFeed(microbatch, (s, t) => s.behaviourLogprobs[t]!);
  if (loss.klCoefficient === 0) return { ...feeds, behaviourLogprobs: behaviour };
  const reference = perTokenFeed(microbatch, (s, t) => s.referenceLogprobs[t]!);
  return { ...feeds, behaviourLogprobs: behaviour, referenceLogprobs: reference };
}
