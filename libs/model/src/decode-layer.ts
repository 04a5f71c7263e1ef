// D hidden, H query heads, J key/value heads, G = H / J, K head dim, F intermediate, N tokens of the run.
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { weightInputs } from './graph-weights.ts';
import { plainLinear } from './linear.ts';
import type { Quantisation } from './quantise.ts';
import { type GraphLinear, quantisedInputs } from './quantised-linear.ts';
import { mlp } from './transformer.ts';

/** Rotary tables [positions, K/2] of keys, and the same divided by sqrt(K) for queries. */
interface DecodeTables {
  readonly cos: Value;
  readonly sin: Value;
  readonly queryCos: Value;
  readonly querySin: Value;
}

/** What `decode` and `prefill` share: a stack of layers around an attention of their own. */
export interface LayerStack extends GraphLinear {
  readonly tables: DecodeTables;
}

/**
 * Declares the weights and rotary tables of a generation graph.
 *
 * @param quantisation of matrices that are constants then; null: all weights are inputs
 */
export function layerStackInputs(
  g: GraphBuilder,
  config: ModelConfig,
  quantisation: Quantisation | null = null,
): LayerStack {
  const table = (name: string): Value => g.input(name, 'float32', ['P', config.headDim / 2]);
  const weights =
    quantisation === null
      ? { weights: weightInputs(g, config), linear: plainLinear(g) }
      : quantisedInputs(g, config, quantisation);
  return {
    ...weights,
    // The score's factor 1 / sqrt(K) rides on the queries' rotation: as the product's alpha it would keep
    // ONNX Runtime from its fast kernel for single rows (457 instead of 270 us a layer at batch 256).
    tables: {
      cos: table('cos'),
      sin: table('sin'),
      queryCos: table('queryCos'),
      querySin: table('querySin'),
    },
  };
}

/**
 * The hidden states of the run's tokens after the final norm: [N, D].
 *
 * @param tokens int64 [N]
 * @param attend maps a layer's normed input [N, D] to its mixed values [N, H*K]
 */
export function layerStack(
  g: GraphBuilder,
  config: ModelConfig,
  { weights, linear }: LayerStack,
  { tokens, attend }: { tokens: Value; attend: (layer: number, x: Value) => Value },
): Value {
  let x = g.gather(weights.embedding, tokens);
  weights.layers.forEach((layer, index) => {
    const mixed = attend(index, g.rmsNorm(x, layer.attentionNorm, config.rmsNormEps));
    x = linear(mixed, layer.output, x);
    x = mlp(g, config, layer, x, linear);
  });
  return g.rmsNorm(x, weights.norm, config.rmsNormEps);
}

/** Rotated queries [.., H, .., K], rotated keys and values [.., J, .., K] of a layer's normed input. */
export function queriesKeysValues(
  g: GraphBuilder,
  config: ModelConfig,
  { weights, linear, tables }: LayerStack,
  run: {
    readonly layer: number;
    readonly x: Value;
    /** int64 [B, T] or [1], as `rotary` takes them. */
    readonly positions: Value;
    /** Lays [N, count*K] out as [B, count, T, K]. */
    readonly toHeads: (rows: Value, count: number) => Value;
  },
): { q: Value; k: Value; v: Value } {
  const { numHeads: H, numKvHeads: J } = config;
  const { x, positions, toHeads } = run;
  const layer = weights.layers[run.layer]!;
  const heads = (weight: Value, bias: Value | null, count: number): Value =>
    toHeads(linear(x, weight, bias ?? undefined), count);
  const norm = (v: Value, weight: Value | null): Value =>
    weight === null ? v : g.rmsNorm(v, weight, config.rmsNormEps);
  const q = norm(heads(layer.q, layer.qBias, H), layer.qNorm);
  const k = norm(heads(layer.k, layer.kBias, J), layer.kNorm);
  return {
    q: g.rotary(q, positions, tables.queryCos, tables.querySin),
    k: g.rotary(k, positions, tables.cos, tables.sin),
    v: heads(layer.v, layer.vBias, J),
  };
}
