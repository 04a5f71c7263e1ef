// B rows, S cells, D hidden, H query heads, J key/value heads, G = H / J, K head dim.
import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import {
  type LayerStack,
  layerStack,
  layerStackInputs,
  queriesKeysValues,
} from './decode-layer.ts';
import { type SamplerOptions, samplerInputs, sampleTokens } from './decode-sampling.ts';

const masked = -1e9;

/**
 * The `device-decode` graph: one token for each of B sequences, from caches that stay on the device.
 *
 * Inputs besides weights and rotary tables: `tokens` int64 [B], `positions` int64 [B, 1], `lengths` float32
 * [B, 1, 1, 1] (cells of the row, this token's included), `columns` float32 [S] (0, 1, ...), `cells` int64 [B, J, 3]
 * (row, head and position of this token), per layer `pastKeys<l>` and `pastValues<l>` [B, J, S, K], and the sampling
 * inputs.
 *
 * Outputs: `keys<l>` and `values<l>`, the caches with this token's cells written, and those of `sampleTokens`. A run that
 * is given the caches' own buffers for them writes in place: nothing of the caches is copied.
 */
export function deviceDecodeGraph(config: ModelConfig, options: SamplerOptions): Uint8Array {
  const g = new GraphBuilder();
  const tokens = g.input('tokens', 'int64', ['B']);
  const positions = g.input('positions', 'int64', ['B', 1]);
  const cells = g.input('cells', 'int64', ['B', config.numKvHeads, 3]);
  const lengths = g.input('lengths', 'float32', ['B', 1, 1, 1]);
  const columns = g.input('columns', 'float32', ['S']);
  const inputs = samplerInputs(g, options);
  const stack = layerStackInputs(g, config);
  const zero = g.constant('float32', [], [0]);
  const mask = g.where(g.less(columns, lengths), zero, masked);
  const attend = (layer: number, x: Value): Value =>
    attendInPlace(g, config, stack, { layer, x, positions, cells, mask });
  const hidden = layerStack(g, config, stack, { tokens, attend });
  const scores = (x: Value): Value => stack.linear(x, stack.weights.head);
  sampleTokens(g, config, options, { hidden, scores, inputs });
  return serializeGraph(g, 'device-decode', options.target);
}

/** Attention of one token per row to its row's cells, into which its own have been written: [B, D] -> [B, H*K]. */
function attendInPlace(
  g: GraphBuilder,
  config: ModelConfig,
  stack: LayerStack,
  run: { layer: number; x: Value; positions: Value; cells: Value; mask: Value },
): Value {
  const { numHeads: H, numKvHeads: J, headDim: K } = config;
  const { layer, cells, mask } = run;
  const toHeads = (rows: Value, count: number): Value => g.reshape(rows, ['B', count, 1, K]);
  const { q, k, v } = queriesKeysValues(g, config, stack, { ...run, toHeads });
  const write = (name: string, fresh: Value): Value => {
    const past = g.input(`past${name}${layer}`, 'float32', ['B', J, 'S', K]);
    const written = g.scatterCells(past, cells, g.reshape(fresh, ['B', J, K]));
    g.output(`${name.toLowerCase()}${layer}`, written);
    return written;
  };
  const keys = write('Keys', k);
  const values = write('Values', v);
  // The queries are what is transposed, not the cache: scores come out as [B, J, S, G].
  const queries = g.transpose(g.reshape(q, ['B', J, H / J, K]), [0, 1, 3, 2]);
  const scores = g.transpose(g.matMul(keys, queries), [0, 1, 3, 2]);
  const probabilities = g.softmax(g.add(scores, mask)); // [B, J, G, S]
  return g.reshape(g.matMul(probabilities, values), ['B', H * K]);
}

/**
 * The `arrange` graph: caches of other rows or another width, made of old ones and of prompts.
 *
 * Inputs: per layer `pastKeys<l>`, `pastValues<l>` [R, J, S, K] and `promptKeys<l>`, `promptValues<l>` [P, J, T, K],
 * `rows` int64 [N], which of the R old rows and the P prompts after them the new rows are, and `room` float32 [W], zeros,
 * with its length in `width` int64 [1].
 *
 * Outputs: `keys<l>` and `values<l>` [N, J, W, K]; cells that were not there are zero.
 */
export function arrangeGraph(config: ModelConfig): Uint8Array {
  const { numKvHeads: J, headDim: K } = config;
  const g = new GraphBuilder();
  const rows = g.input('rows', 'int64', ['N']);
  const width = g.input('width', 'int64', [1]);
  const room = g.reshape(g.input('room', 'float32', ['W']), [1, 1, 'W', 1]);
  const fit = (x: Value, count: string): Value => {
    const longer = g.concat([x, g.expand(room, [count, J, 'W', K])], 2);
    const range = [g.integers([0]), width, g.integers([2])];
    const output = { dtype: x.dtype, shape: [count, J, 'W', K] };
    return g.append('Slice', [longer, ...range], [output])[0]!;
  };
  for (let layer = 0; layer < config.numLayers; layer++) {
    for (const name of ['Keys', 'Values']) {
      const old = g.input(`past${name}${layer}`, 'float32', ['R', J, 'S', K]);
      const prompts = g.input(`prompt${name}${layer}`, 'float32', ['P', J, 'T', K]);
      const all = g.concat([fit(old, 'R'), fit(prompts, 'P')], 0);
      g.output(`${name.toLowerCase()}${layer}`, g.gather(all, rows));
    }
  }
  return serializeGraph(g, 'arrange', 'webgpu');
}
