// B rows, S past cells, D hidden, H query heads, J key/value heads, G = H / J, K head dim.
import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import {
  type LayerStack,
  layerStack,
  layerStackInputs,
  queriesKeysValues,
} from './decode-layer.ts';
import { type SamplerOptions, samplerInputs, sampleTokens } from './decode-sampling.ts';
import type { Quantisation } from './quantise.ts';

/**
 * The `decode` graph: one token for each of B sequences, from caches that JavaScript owns.
 *
 * Inputs besides weights and rotary tables: `tokens` int64 [B], `positions` int64 [B, 1], `mask` [B, 1, 1, S]
 * (0 for a valid past cell, -1e9 for any other), per layer `pastKeys<l>` [B, J, S, K] and `pastValues<l>`
 * [B, J, S+1, K] whose last cell is zero, and the sampling inputs.
 *
 * Outputs: `keys<l>` and `values<l>` [B, J, 1, K] of this position, for the caller to store, and those of
 * `sampleTokens`.
 *
 * Each row's bits are its own for B >= 2 and S a multiple of 32 (design.md section 4).
 *
 * @param quantisation of the matrices, which are constants then, to be given when the graph is opened; null: they are
 *   inputs like all weights
 */
export function decodeGraph(
  config: ModelConfig,
  options: SamplerOptions,
  quantisation: Quantisation | null = null,
): Uint8Array {
  const g = new GraphBuilder();
  const tokens = g.input('tokens', 'int64', ['B']);
  const positions = g.input('positions', 'int64', ['B', 1]);
  const mask = g.input('mask', 'float32', ['B', 1, 1, 'S']);
  const inputs = samplerInputs(g, options);
  const stack = layerStackInputs(g, config, quantisation);
  const attend = (layer: number, x: Value): Value =>
    attendToPast(g, config, stack, { layer, x, positions, mask });
  const hidden = layerStack(g, config, stack, { tokens, attend });
  const scores = (x: Value): Value => stack.linear(x, stack.weights.head);
  sampleTokens(g, config, options, { hidden, scores, inputs });
  return serializeGraph(g, 'decode');
}

/** The `sample` graph: the sampling of `decode` alone, on `hidden` [B, D] that `prefill` computed. */
export function sampleGraph(config: ModelConfig, options: SamplerOptions): Uint8Array {
  const g = new GraphBuilder();
  const hidden = g.input('hidden', 'float32', ['B', config.hiddenSize]);
  const head = g.input('head', 'float32', [config.vocabSize, config.hiddenSize]);
  const inputs = samplerInputs(g, options);
  const scores = (x: Value): Value => g.gemm(x, head, { transB: true });
  sampleTokens(g, config, options, { hidden, scores, inputs });
  return serializeGraph(g, 'sample', options.target);
}

/**
 * Attention of one token per row to its past and itself: [B, D] -> [B, H*K].
 *
 * The token's own score and value are separate terms, joined in the softmax, so that the caches need no
 * copy inside the graph. The values' empty last cell stands under the own score's column: one product over
 * S+1 columns instead of a slice and a product.
 */
function attendToPast(
  g: GraphBuilder,
  config: ModelConfig,
  stack: LayerStack,
  run: { layer: number; x: Value; positions: Value; mask: Value },
): Value {
  const { numHeads: H, numKvHeads: J, headDim: K } = config;
  const toHeads = (rows: Value, count: number): Value => g.reshape(rows, ['B', count, 1, K]);
  const { q, k, v } = queriesKeysValues(g, config, stack, { ...run, toHeads });
  g.output(`keys${run.layer}`, k);
  g.output(`values${run.layer}`, v);
  const pastKeys = g.input(`pastKeys${run.layer}`, 'float32', ['B', J, 'S', K]);
  const pastValues = g.input(`pastValues${run.layer}`, 'float32', ['B', J, 'S+1', K]);
  const grouped = g.reshape(q, ['B', J, H / J, K]);
  const pastScores = g.add(g.matMul(grouped, pastKeys, { transB: true }), run.mask);
  const scores = g.concat([pastScores, ownScores(g, grouped, k, K)], -1);
  const probabilities = g.softmax(scores); // [B, J, G, S+1]
  const own = g.mul(lastOf(g, probabilities, [J, H / J]), v);
  return g.reshape(g.add(g.matMul(probabilities, pastValues), own), ['B', H * K]);
}

/** Scores of each query with its own key: [B, J, G, K] and [B, J, 1, K] -> [B, J, G, 1]. */
function ownScores(g: GraphBuilder, q: Value, k: Value, headDim: number): Value {
  // A reduction over a length that is no multiple of ONNX Runtime's vectors (4 numbers; 8 to be safe) depends
  // on the row's place in memory. A product per head does not, but takes three times as long.
  return headDim % 8 === 0
    ? g.reduceSum(g.mul(q, k), [-1], true)
    : g.matMul(q, k, { transB: true });
}

/** The last column of probabilities [B, J, G, S+1], whose width only run time knows: [B, J, G, 1]. */
function lastOf(g: GraphBuilder, probabilities: Value, [J, G]: readonly [number, number]): Value {
  const last = [g.integers([-1]), g.integers([Number.MAX_SAFE_INTEGER]), g.integers([3])];
  const output = { dtype: probabilities.dtype, shape: ['B', J, G, 1] };
  return g.append('Slice', [probabilities, ...last], [output])[0]!;
}
