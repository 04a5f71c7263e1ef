import { importanceRatio } from './loss.ts';

/**
 * Truncated importance sampling: the sampler's probabilities are not the learner's, whatever their weights are
 * (another engine, other rounding, quantised weights), and each token counts by how the two differ.
 */
export interface ImportanceOptions {
  /** Largest weight of a token, C. Yao et al. 2025: 2. */
  readonly cap: number;
}

/** What the learner said of a response's tokens before the iteration's first step. */
export interface TokenImportance {
  /** Their natural logprobs by the learner: the ratio of the surrogate is to these. */
  readonly proximalLogprobs: ArrayLike<number>;
  /** Factors of the advantage, constant in the gradient. */
  readonly weights: ArrayLike<number>;
}

/**
 * The importance of a response's tokens: `w = min(proximal / behaviour, C)` (Yao et al. 2025, "Your efficient RL
 * framework secretly brings you off-policy RL training").
 *
 * @param proximal logprobs by the learner, with its weights before the iteration
 * @param behaviour logprobs by the sampler that drew them
 */
export function tokenImportance(
  proximal: Float32Array,
  behaviour: ArrayLike<number>,
  { cap }: ImportanceOptions,
): TokenImportance {
  const weights = proximal.map((logprob, t) =>
    Math.min(importanceRatio(logprob, behaviour[t]!), cap),
  );
  return { proximalLogprobs: proximal, weights };
}

/** What the weights of a step's tokens were. */
export interface ImportanceMetrics {
  readonly mean: number;
  /** Share of tokens whose weight is cut at the cap. */
  readonly truncated: number;
}

/** The mean of the weights and how many of them reach the cap; null without any. */
export function importanceMetrics(
  sequences: readonly { readonly importance: TokenImportance | null }[],
  { cap }: ImportanceOptions,
): ImportanceMetrics | null {
  const weights = sequences.flatMap(({ importance }) => Array.from(importance?.weights ?? []));
  if (weights.length === 0) return null;
  return {
    mean: weights.reduce((sum, weight) => sum + weight, 0) / weights.length,
    truncated: weights.filter((weight) => weight >= Math.fround(cap)).length / weights.length,
  };
}
