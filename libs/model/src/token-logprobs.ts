// R scored tokens, D hidden, V vocabulary.
import type { AdapterOptions } from '@mgrpo/algorithm';
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { weightInputs } from './graph-weights.ts';
import { trainedLinear } from './linear.ts';
import type { Trained } from './trained.ts';
import { forward, forwardInputs } from './transformer.ts';

/** A forward pass that scores some tokens of the sequences it reads. */
export interface ScoredForward {
  /** What trains, in the order of its flat array: the weights, or the adapter. */
  readonly trained: readonly Trained[];
  /** Logits at the scored rows, before the temperature: [R, V]. */
  readonly logits: Value;
  /** Natural log-probability of each target at the temperature: [R]. */
  readonly logprobs: Value;
  /** Entropy in nats of the whole vocabulary's distribution at the temperature: [R]. */
  readonly entropies: Value;
}

/**
 * Declares the inputs of `score` and `gradients` and appends what they share.
 *
 * Only the rows that score a token reach the output head: `rows` int64 [R] index the [B*T] positions,
 * `targets` int64 [R] are the tokens that follow them, `temperature` [1] divides the logits.
 *
 * @param adapter where given, its matrices are inputs too and the weights have it merged
 */
export function scoredForward(
  g: GraphBuilder,
  config: ModelConfig,
  adapter: AdapterOptions | null = null,
): ScoredForward {
  const inputs = forwardInputs(g, config);
  const targets = g.input('targets', 'int64', ['R']);
  const temperature = g.input('temperature', 'float32', [1]);
  const weights = weightInputs(g, config);
  const { linear, trained } = trainedLinear(g, config, weights, adapter);
  const hidden = forward(g, config, weights, inputs, linear);
  // Float16 rounds logits of 16 to 1/64: the tokens' probabilities would be off by a percent.
  const logits = g.keepPrecise(g.gemm(hidden, weights.head, { transB: true }));
  const logSoftmax = g.logSoftmax(g.div(logits, temperature));
  const picked = g.gatherElements(logSoftmax, g.reshape(targets, ['R', 1]));
  // The entropy's sum is a product with ones: ONNX Runtime's reductions round differently from row to row
  // where the vocabulary is no multiple of the vector width.
  const ones = g.fill(1, 'float32', [config.vocabSize, 1]);
  const products = g.mul(g.exp(logSoftmax), logSoftmax);
  return {
    trained: trained(),
    logits,
    logprobs: g.reshape(picked, ['R']),
    entropies: g.reshape(g.neg(g.matMul(products, ones)), ['R']),
  };
}
