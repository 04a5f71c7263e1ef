// D hidden, H query heads, J key/value heads, K head dim, F intermediate, V vocabulary.
import type { GraphBuilder, Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { parameterSpecs } from './parameters.ts';

/**
 * One weight input of our graphs: a view of the flat weights.
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

/** The weight inputs of one layer; matrices are [out, in]. */
export interface LayerWeights<T> {
  readonly attentionNorm: T;
  readonly q: T;
  readonly k: T;
  readonly v: T;
  readonly qBias: T | null;
  readonly kBias: T | null;
  readonly vBias: T | null;
  readonly qNorm: T | null;
  readonly kNorm: T | null;
  readonly output: T;
  readonly mlpNorm: T;
  readonly gate: T;
  readonly up: T;
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
  const specs = new Map(parameterSpecs(config).map((spec) => [spec.name, spec]));
  const view = (name: string, parameter: string): WeightView => {
    const { shape, offset } = specs.get(parameter)!;
    return { name, shape, offset };
  };
  const embedding = view('embedding', 'model.embed_tokens.weight');
  const layers = Array.from({ length: config.numLayers }, (_, layer) => {
    const of = (name: string, parameter: string): WeightView =>
      view(`layer${layer}.${name}`, `model.layers.${layer}.${parameter}`);
    return {
      attentionNorm: of('attentionNorm', 'input_layernorm.weight'),
      q: of('q', 'self_attn.q_proj.weight'),
      k: of('k', 'self_attn.k_proj.weight'),
      v: of('v', 'self_attn.v_proj.weight'),
      qBias: config.qkvBias ? of('qBias', 'self_attn.q_proj.bias') : null,
      kBias: config.qkvBias ? of('kBias', 'self_attn.k_proj.bias') : null,
      vBias: config.qkvBias ? of('vBias', 'self_attn.v_proj.bias') : null,
      qNorm: config.qkNorm ? of('qNorm', 'self_attn.q_norm.weight') : null,
      kNorm: config.qkNorm ? of('kNorm', 'self_attn.k_norm.weight') : null,
      output: of('output', 'self_attn.o_proj.weight'),
      mlpNorm: of('mlpNorm', 'post_attention_layernorm.weight'),
      gate: of('gate', 'mlp.gate_proj.weight'),
      up: of('up', 'mlp.up_proj.weight'),
      down: of('down', 'mlp.down_proj.weight'),
    };
  });
  const norm = view('norm', 'model.norm.weight');
  const head = config.tieWordEmbeddings ? embedding : view('head', 'lm_head.weight');
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
    q: make(layer.q),
    k: make(layer.k),
    v: make(layer.v),
    qBias: optional(layer.qBias),
    kBias: optional(layer.kBias),
    vBias: optional(layer.vBias),
    qNorm: optional(layer.qNorm),
    kNorm: optional(layer.kNorm),
    output: make(layer.output),
    mlpNorm: make(layer.mlpNorm),
    gate: make(layer.gate),
    up: make(layer.up),
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

/** Declares some of one layer's weights as inputs, under names that hold for every layer: `q`, not `layer3.q`. */
export function layerWeightInputs<K extends keyof LayerWeights<Value>>(
  g: GraphBuilder,
  config: ModelConfig,
  names: readonly K[],
): Pick<LayerWeights<Value>, K> {
  const views = weightViews(config).layers[0]!;
  const inputs = names.map((name) => {
    const view = views[name];
    return [name, view && g.input(name, 'float32', view.shape)];
  });
  return Object.fromEntries(inputs) as Pick<LayerWeights<Value>, K>;
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
