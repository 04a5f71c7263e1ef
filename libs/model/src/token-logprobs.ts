// R scored tokens, D hidden, V vocabulary.
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { type ModelWeights, weightInputs } from './graph-weights.ts';
import { forward, forwardInputs } from './transformer.ts';

/** A forward pass that scores some tokens of the sequences it reads. */
export interface ScoredForward {
  readonly weights: ModelWeights<Value>;
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
 */
export function scoredForward(g: GraphBuilder, config: ModelConfig): ScoredForward {
  const inputs = forwardInputs(g, config);
  const targets = g.input('targets', 'int64', ['R']);
  const temperature = g.input('temperature', 'float32', [1]);
  const weights = weightInputs(g, config);
  const logits = g.gemm(forward(g, config, weights, inputs), weights.head, { transB: true });
  const logSoftmax = g.logSoftmax(g.div(logits, temperature));
  const picked = g.gatherElements(logSoftmax, g.reshape(targets, ['R', 1]));
  // The entropy's sum is a product with ones: ONNX Runtime's reductions round differently from row to row
  // where the vocabulary is no multiple of the vector width.
  const ones = g.fill(1, 'float32', [config.vocabSize, 1]);
  const products = g.mul(g.exp(logSoftmax), logSoftmax);
  return {
    weights,
    logits,
    logprobs: g.reshape(picked, ['R']),
    entropies: g.reshape(g.neg(g.matMul(products, ones)), ['R']),
  };
}
