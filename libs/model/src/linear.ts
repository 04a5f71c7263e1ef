// N rows; W [out, in], A [r, in], B [out, r].
import { type AdapterOptions, adapterScale } from '@mgrpo/algorithm';
import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import { type AdaptedWeight, adaptedWeights } from './adapter.ts';
import type { ModelConfig } from './config.ts';
import { type LayerWeights, listWeights, type ModelWeights } from './graph-weights.ts';
import { itself, type Trained } from './trained.ts';

/** Appends `x W^T`, plus `c` where there is one: [N, in] -> [N, out]. */
export type Linear = (x: Value, weight: Value, c?: Value) => Value;

/** Products with the weights alone, without an adapter beside them. */
export function plainLinear(g: GraphBuilder): Linear {
  return (x, weight, c) => g.gemm(x, weight, { transB: true, c });
}

/** The inputs of an adapted weight's matrices. */
interface AdapterPair {
  readonly a: Value;
  readonly b: Value;
}

/** The linear layers of a model under an adapter. */
interface AdaptedLinear {
  readonly linear: Linear;
  /** The matrices in order, once the layers of all of them stand. */
  adapted(): readonly Trained[];
}

/**
 * `x W^T` for every weight; those that are adapted are given merged, W = W0 + (alpha / r) B A, so that the learner
 * computes what a sampler with the merged weights does, to the bit. B and A train by the chain rule from y = x W^T:
 * `dB = (alpha / r) dy^T (x A^T)` and `dA = (alpha / r) (dy B)^T x`, without a gradient of W.
 *
 * The factor meets N × r numbers, the fewest there are.
 */
function adaptedLinear(
  g: GraphBuilder,
  adapter: AdapterOptions,
  pairs: ReadonlyMap<Value, AdapterPair>,
): AdaptedLinear {
  const plain = plainLinear(g);
  const scale = adapterScale(adapter);
  const products = new Map<Value, { x: Value; y: Value }>();
  const linear: Linear = (x, weight, c) => {
    const y = plain(x, weight, c);
    products.set(weight, { x, y });
    return y;
  };
  const matrices = ([weight, { a, b }]: [Value, AdapterPair]): Trained[] => {
    const { x, y } = products.get(weight)!;
    const dA = (dY: Value) => g.gemm(g.mul(g.gemm(dY, b), scale), x, { transA: true });
    const dB = (dY: Value) => g.gemm(dY, g.mul(plain(x, a), scale), { transA: true });
    return [
      { input: a, at: y, from: dA },
      { input: b, at: y, from: dB },
    ];
  };
  return { linear, adapted: () => [...pairs].flatMap(matrices) };
}

/** What a model's linear layers are, and what of them trains. */
export interface TrainedLinear {
  readonly linear: Linear;
  /** All weights, or the matrices of the adapter, in the order of the flat array; once the layers stand. */
  trained(): readonly Trained[];
}

/** Declares the matrices of an adapter, where there is one, beside the weights of its model. */
export function trainedLinear(
  g: GraphBuilder,
  config: ModelConfig,
  weights: ModelWeights<Value>,
  adapter: AdapterOptions | null,
): TrainedLinear {
  if (adapter === null) {
    return { linear: plainLinear(g), trained: () => listWeights(weights).map(itself) };
  }
  const pairs = new Map(
    adaptedWeights(config, adapter).map((adapted) => [
      weights.layers[adapted.layer]![adapted.key],
      pairInputs(g, adapted),
    ]),
  );
  const { linear, adapted } = adaptedLinear(g, adapter, pairs);
  return { linear, trained: adapted };
}

/** The same for some weights of one layer, under names that hold for every layer: `q.loraA`. */
export function trainedLayerLinear<W extends Partial<LayerWeights<Value>>>(
  g: GraphBuilder,
  config: ModelConfig,
  weights: W,
  adapter: AdapterOptions | null,
): TrainedLinear {
  if (adapter === null) {
    const present = Object.values(weights).filter((weight) => weight !== null);
    return { linear: plainLinear(g), trained: () => present.map(itself) };
  }
  const pairs = new Map<Value, AdapterPair>();
  for (const { layer, key, a, b } of adaptedWeights(config, adapter)) {
    const weight = weights[key];
    if (layer !== 0 || weight === undefined) continue;
    const ofLayer = <M extends typeof a>(matrix: M): M => ({
      ...matrix,
      input: matrix.input.slice('layer0.'.length),
    });
    pairs.set(weight, pairInputs(g, { a: ofLayer(a), b: ofLayer(b) }));
  }
  const { linear, adapted } = adaptedLinear(g, adapter, pairs);
  return { linear, trained: adapted };
}

function pairInputs(g: GraphBuilder, { a, b }: Pick<AdaptedWeight, 'a' | 'b'>): AdapterPair {
  return { a: g.input(a.input, 'float32', a.shape), b: g.input(b.input, 'float32', b.shape) };
}

/** `weight` [out, in], `a` and `b` of one adapted weight to `merged`, `W + (alpha / r) B A`. */
export function mergeGraph(adapter: AdapterOptions): Uint8Array {
  const g = new GraphBuilder();
  const weight = g.input('weight', 'float32', ['O', 'I']);
  const a = g.input('a', 'float32', ['r', 'I']);
  const b = g.input('b', 'float32', ['O', 'r']);
  g.output('merged', g.gemm(g.mul(b, adapterScale(adapter)), a, { c: weight }));
  return serializeGraph(g, 'merge');
}
