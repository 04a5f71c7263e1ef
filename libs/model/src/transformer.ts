// B sequences, T tokens, D hidden, H query heads, J key/value heads, G = H / J, K head dim, F intermediate.
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import type { LayerWeights, ModelWeights } from './graph-weights.ts';
import { type Linear, plainLinear } from './linear.ts';

/** What the layers of one forward pass share. */
interface LayerInputs {
  /** int64 [B, T], padded at the end: attention is causal, so padding needs no mask. */
  readonly tokens: Value;
  /** Rotary tables [positions, K/2]. */
  readonly cos: Value;
  readonly sin: Value;
}

export interface ForwardInputs extends LayerInputs {
  /** int64 [R], indices into the [B*T] positions: those whose hidden states are wanted. */
  readonly rows: Value;
}

/** Declares the inputs of a forward pass over whole sequences. */
export function forwardInputs(g: GraphBuilder, config: ModelConfig): ForwardInputs {
  return {
    tokens: g.input('tokens', 'int64', ['B', 'T']),
    cos: g.input('cos', 'float32', ['P', config.headDim / 2]),
    sin: g.input('sin', 'float32', ['P', config.headDim / 2]),
    rows: g.input('rows', 'int64', ['R']),
  };
}

/**
 * The hidden states of the wanted rows after the final norm: [R, D].
 *
 * The other rows leave after the last layer's attention, which is all that they matter for: with long prompts
 * and short responses that saves most of a layer.
 */
export function forward(
  g: GraphBuilder,
  config: ModelConfig,
  weights: ModelWeights<Value>,
  inputs: ForwardInputs,
  linear: Linear = plainLinear(g),
): Value {
  const firstPosition = g.integers([0]);
  const mask = g.upperTriangle(g.fill(-1e9, 'float32', ['T', 'T']), 1);
  let x = g.gather(weights.embedding, g.reshape(inputs.tokens, ['B*T']));
  for (const layer of weights.layers) {
    const normed = g.rmsNorm(x, layer.attentionNorm, config.rmsNormEps);
    let attended = attention(g, config, layer, {
      ...inputs,
      x: normed,
      mask,
      firstPosition,
      linear,
    });
    if (layer === weights.layers.at(-1)) {
      attended = g.gather(attended, inputs.rows);
      x = g.gather(x, inputs.rows);
    }
    x = linear(attended, layer.output, x);
    x = mlp(g, config, layer, x, linear);
  }
  return g.rmsNorm(x, weights.norm, config.rmsNormEps);
}

/** Causal grouped-query attention: [B*T, D] -> [B*T, H*K]. */
function attention(
  g: GraphBuilder,
  config: ModelConfig,
  layer: LayerWeights<Value>,
  inputs: LayerInputs & { x: Value; mask: Value; firstPosition: Value; linear: Linear },
): Value {
  const { numHeads: H, numKvHeads: J, headDim: K } = config;
  const { x, mask, firstPosition, cos, sin, linear } = inputs;
  const heads = (weight: Value, bias: Value | null, count: number): Value =>
    g.reshape(linear(x, weight, bias ?? undefined), ['B', 'T', count, K]);
  const norm = (v: Value, weight: Value | null): Value =>
    weight === null ? v : g.rmsNorm(v, weight, config.rmsNormEps);
  const toHeadMajor = (v: Value): Value => g.transpose(v, [0, 2, 1, 3]);
  const rotate = (v: Value): Value => g.rotary(toHeadMajor(v), firstPosition, cos, sin);

  const q = rotate(norm(heads(layer.q, layer.qBias, H), layer.qNorm)); // [B, H, T, K]
  const k = rotate(norm(heads(layer.k, layer.kBias, J), layer.kNorm)); // [B, J, T, K]
  const v = toHeadMajor(heads(layer.v, layer.vBias, J));
  // The G query heads of a key head are stacked as rows of one product, so keys are never repeated.
  const rows = `${H / J}*T`;
  const grouped = g.reshape(q, ['B', J, rows, K]);
  const scores = g.matMul(grouped, k, { transB: true, alpha: 1 / Math.sqrt(K) });
  const masked = g.add(g.reshape(scores, ['B', H, 'T', 'T']), mask);
  const probabilities = g.reshape(g.softmax(masked), ['B', J, rows, 'T']);
  const mixed = g.reshape(g.matMul(probabilities, v), ['B', H, 'T', K]);
  return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), ['B*T', H * K]);
}

/** The gated MLP with its norm and residual: `x + (silu(n Wg^T) * n Wu^T) Wd^T` with n = norm(x). */
export function mlp(
  g: GraphBuilder,
  config: ModelConfig,
  layer: Pick<LayerWeights<Value>, 'mlpNorm' | 'gate' | 'up' | 'down'>,
  x: Value,
  linear: Linear = plainLinear(g),
): Value {
  const normed = g.rmsNorm(x, layer.mlpNorm, config.rmsNormEps);
  const gate = linear(normed, layer.gate);
  const up = linear(normed, layer.up);
  return linear(g.mul(g.silu(gate), up), layer.down, x);
}
