// B prompts, T tokens of this chunk, S past positions, D hidden, H query heads, J key/value heads, K head dim.
import { GraphBuilder, type GraphTarget, serializeGraph, type Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import {
  type LayerStack,
  layerStack,
  layerStackInputs,
  queriesKeysValues,
} from './decode-layer.ts';

/**
 * The `prefill` graph: keys and values of a chunk of B prompts, after S positions that are known already.
 *
 * Inputs besides weights and rotary tables: `tokens` int64 [B, T], padded at the end (attention is causal, so
 * padding needs no mask), `firstPosition` int64 [1] = S, per layer `pastKeys<l>` and `pastValues<l>`
 * [B, J, S, K] (S may be 0), and `rows` int64 [R], the [B*T] positions whose hidden states are wanted.
 *
 * Outputs: `keys<l>` and `values<l>` [B, J, T, K], and `hidden` [R, D] after the final norm.
 *
 * A position's bits are its own where T is a multiple of 32 and S a multiple of one chunk length.
 */
export function prefillGraph(config: ModelConfig, target: GraphTarget = 'cpu'): Uint8Array {
  const g = new GraphBuilder();
  const tokens = g.input('tokens', 'int64', ['B', 'T']);
  const firstPosition = g.input('firstPosition', 'int64', [1]);
  const rows = g.input('rows', 'int64', ['R']);
  const stack = layerStackInputs(g, config);
  const past = Array.from({ length: config.numLayers }, (_, layer) => pastInputs(g, config, layer));
  const future = g.upperTriangle(g.fill(-1e9, 'float32', ['T', 'T']), 1);
  const mask = g.concat([g.fill(0, 'float32', ['T', 'S']), future], 1);
  const attend = (layer: number, x: Value): Value =>
    attendCausally(g, config, stack, { layer, x, positions: firstPosition, mask, ...past[layer]! });
  const ids = g.reshape(tokens, ['B*T']);
  g.output('hidden', g.gather(layerStack(g, config, stack, { tokens: ids, attend }), rows));
  return serializeGraph(g, 'prefill', target);
}

interface Past {
  readonly pastKeys: Value;
  readonly pastValues: Value;
}

function pastInputs(g: GraphBuilder, { numKvHeads, headDim }: ModelConfig, layer: number): Past {
  const shape = ['B', numKvHeads, 'S', headDim];
  return {
    pastKeys: g.input(`pastKeys${layer}`, 'float32', shape),
    pastValues: g.input(`pastValues${layer}`, 'float32', shape),
  };
}

/** Causal attention of a chunk to the past and itself: [B*T, D] -> [B*T, H*K]. */
function attendCausally(
  g: GraphBuilder,
  config: ModelConfig,
  stack: LayerStack,
  run: { layer: number; x: Value; positions: Value; mask: Value } & Past,
): Value {
  const { numHeads: H, numKvHeads: J, headDim: K } = config;
  const toHeads = (rows: Value, count: number): Value =>
    g.transpose(g.reshape(rows, ['B', 'T', count, K]), [0, 2, 1, 3]);
  const { q, k, v } = queriesKeysValues(g, config, stack, { ...run, toHeads });
  g.output(`keys${run.layer}`, k);
  g.output(`values${run.layer}`, v);
  const keys = g.concat([run.pastKeys, k], 2);
  const values = g.concat([run.pastValues, v], 2);
  // The queries that share a key head are stacked as rows of one product, so keys are never repeated.
  const queryRows = `${H / J}*T`;
  const scores = g.matMul(g.reshape(q, ['B', J, queryRows, K]), keys, { transB: true });
  const masked = g.add(g.reshape(scores, ['B', H, 'T', 'S+T']), run.mask);
  const probabilities = g.reshape(g.softmax(masked), ['B', J, queryRows, 'S+T']);
  const mixed = g.reshape(g.matMul(probabilities, values), ['B', H, 'T', K]);
  return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), ['B*T', H * K]);
}
