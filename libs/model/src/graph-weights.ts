// D hidden, H query heads, J key/value heads, K head dim, F intermediate, V vocabulary.
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { parameterSpecs } from './parameters.ts';

/**
 * One weight input of our graphs: a view of the flat weights, often over several adjacent parameters.
 *
 * Every graph of a model (prefill, decode, score, gradients) takes the same weight inputs.
 */
export interface WeightView {
  /** Name of the graph input. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Where the view begins in the flat weights, in elements. */
  readonly offset: number;
}

/** The weight inputs of one layer. `qkv` stacks the q, k and v matrices, `gateUp` gate and up. */
export interface LayerWeights<T> {
  readonly attentionNorm: T;
  readonly qkv: T;
  readonly qkvBias: T | null;
  readonly qNorm: T | null;
  readonly kNorm: T | null;
  readonly output: T;
  readonly mlpNorm: T;
  readonly gateUp: T;
  readonly down: T;
}

export interface ModelWeights<T> {
  readonly embedding: T;
  readonly layers: readonly LayerWeights<T>[];
  readonly norm: T;
  /** The output head [V, D]: the same object as `embedding` where they are tied. */
  readonly head: T;
}

/** The weight inputs of a model's graphs, as views of the flat weights. */
export function weightViews(config: ModelConfig): ModelWeights<WeightView> {
  const { hiddenSize: D, headDim: K, intermediateSize: F, vocabSize: V } = config;
  const numQkv = (config.numHeads + 2 * config.numKvHeads) * K;
  const offsets = new Map(parameterSpecs(config).map(({ name, offset }) => [name, offset]));
  const view = (name: string, first: string, shape: number[]): WeightView => ({
    name,
    shape,
    offset: offsets.get(first)!,
  });
  const embedding = view('embedding', 'model.embed_tokens.weight', [V, D]);
  const layers = Array.from({ length: config.numLayers }, (_, layer) => {
    const of = (name: string, first: string, shape: number[]): WeightView =>
      view(`layer${layer}.${name}`, `model.layers.${layer}.${first}.weight`, shape);
    const bias = `model.layers.${layer}.self_attn.q_proj.bias`;
    return {
      attentionNorm: of('attentionNorm', 'input_layernorm', [D]),
      qkv: of('qkv', 'self_attn.q_proj', [numQkv, D]),
      qkvBias: config.qkvBias ? view(`layer${layer}.qkvBias`, bias, [numQkv]) : null,
      qNorm: config.qkNorm ? of('qNorm', 'self_attn.q_norm', [K]) : null,
      kNorm: config.qkNorm ? of('kNorm', 'self_attn.k_norm', [K]) : null,
      output: of('output', 'self_attn.o_proj', [D, config.numHeads * K]),
      mlpNorm: of('mlpNorm', 'post_attention_layernorm', [D]),
      gateUp: of('gateUp', 'mlp.gate_proj', [2 * F, D]),
      down: of('down', 'mlp.down_proj', [D, F]),
    };
  });
  const norm = view('norm', 'model.norm.weight', [D]);
  const head = config.tieWordEmbeddings ? embedding : view('head', 'lm_head.weight', [V, D]);
  return { embedding, layers, norm, head };
}

/** Applies `make` to every weight, once per distinct weight. */
export function mapWeights<A, B>(
  weights: ModelWeights<A>,
  make: (weight: A) => B,
): ModelWeights<B> {
  const optional = (weight: A | null): B | null => (weight === null ? null : make(weight));
  const embedding = make(weights.embedding);
  const layers = weights.layers.map((layer) => ({
    attentionNorm: make(layer.attentionNorm),
    qkv: make(layer.qkv),
    qkvBias: optional(layer.qkvBias),
    qNorm: optional(layer.qNorm),
    kNorm: optional(layer.kNorm),
    output: make(layer.output),
    mlpNorm: make(layer.mlpNorm),
    gateUp: make(layer.gateUp),
    down: make(layer.down),
  }));
  const norm = make(weights.norm);
  return {
    embedding,
    layers,
    norm,
    head: weights.head === weights.embedding ? embedding : make(weights.head),
  };
}

/** The distinct weights, in the order of the flat weights. */
export function listWeights<T>(weights: ModelWeights<T>): T[] {
  const list: T[] = [];
  mapWeights(weights, (weight) => list.push(weight));
  return list;
}

/** Declares a model's weights as float32 inputs of a graph. */
export function weightInputs(g: GraphBuilder, config: ModelConfig): ModelWeights<Value> {
  return mapWeights(weightViews(config), ({ name, shape }) => g.input(name, 'float32', shape));
}

/** The views of `flat` to feed as weight inputs; nothing is copied. */
export function weightArrays(
  config: ModelConfig,
  flat: Float32Array,
): { name: string; dims: readonly number[]; data: Float32Array }[] {
  return listWeights(weightViews(config)).map(({ name, shape, offset }) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return { name, dims: shape, data: flat.subarray(offset, offset + size) };
  });
}
