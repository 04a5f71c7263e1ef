// R response tokens of a microbatch.
import { maxLogRatio } from '@mgrpo/algorithm';
import type { GraphBuilder, Value } from '@mgrpo/onnx';

/** The loss that a gradients graph differentiates. */
export type LossKind =
  | {
      /** Clipped surrogate, plus the k3 estimate of KL to a reference unless its coefficient is 0. */
      readonly kind: 'clipped';
      readonly clipRatio: number;
      readonly klCoefficient: number;
      /** Larger estimates count as this, without gradient; Infinity for none (as PyTorch's fixtures). */
      readonly maxKlEstimate: number;
    }
  | {
      /** `-A log pi` (the paper's Eq. 3); with A = 1, supervised training. */
      readonly kind: 'log-likelihood';
    };

/**
 * Declares a loss's inputs and appends the loss to be minimised: the sum over tokens of weight × token loss.
 *
 * Inputs are float32 [R]: `weights` (they carry the aggregation), `advantages`; for `clipped` also
 * `behaviourLogprobs`, and `referenceLogprobs` where KL counts. The formulas are those of
 * `@mgrpo/algorithm`'s `stepLoss`, which the tests hold this against.
 *
 * @returns scalar
 */
export function appendLoss(g: GraphBuilder, logprobs: Value, loss: LossKind): Value {
  const weights = g.input('weights', 'float32', ['R']);
  const advantages = g.input('advantages', 'float32', ['R']);
  const perToken =
    loss.kind === 'clipped'
      ? clippedLoss(g, logprobs, advantages, loss)
      : g.neg(g.mul(advantages, logprobs));
  return g.reduceSum(g.mul(weights, perToken), [0]);
}

function clippedLoss(
  g: GraphBuilder,
  logprobs: Value,
  advantages: Value,
  { clipRatio, klCoefficient, maxKlEstimate }: Extract<LossKind, { kind: 'clipped' }>,
): Value {
  const behaviour = g.input('behaviourLogprobs', 'float32', ['R']);
  const ratio = g.exp(clamp(g, g.sub(logprobs, behaviour), -maxLogRatio, maxLogRatio));
  const clipped = clamp(g, ratio, 1 - clipRatio, 1 + clipRatio);
  const surrogate = g.neg(g.min(g.mul(ratio, advantages), g.mul(clipped, advantages)));
  if (klCoefficient === 0) return surrogate;
  const reference = g.input('referenceLogprobs', 'float32', ['R']);
  const difference = clamp(g, g.sub(reference, logprobs), -maxLogRatio, maxLogRatio);
  const k3 = g.sub(g.sub(g.exp(difference), difference), 1);
  const bounded = maxKlEstimate === Number.POSITIVE_INFINITY ? k3 : g.min(k3, maxKlEstimate);
  return g.add(surrogate, g.mul(bounded, klCoefficient));
}

function clamp(g: GraphBuilder, x: Value, low: number, high: number): Value {
  return g.min(g.max(x, low), high);
}
