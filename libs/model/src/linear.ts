// N rows; W [out, in], A [r, in], B [out, r].
import { type AdapterOptions, adapterScale } from '@mgrpo/algorithm';
import { GraphBuilder, serializeGraph, type Value } from '@mgrpo/onnx';
import { type AdaptedWeight, adaptedWeights } from './adapter.ts';
import type { ModelConfig } from './config.ts';
import { type LayerWeights, listWeights, type ModelWeights } from './graph-weights.ts';

/** Appends `x W^T`, plus `c` where there is one: [N, in] -> [N, out]. */
export type Linear = (x: Value, weight: Value, c?: Value) => Value;

export function plainLinear(g: GraphBuilder): Linear {
  return (x, weight, c) => g.gemm(x, weight, { transB: true, c });
}

/** The inputs of an adapted weight's matrices. */
interface AdapterPair {
  readonly a: Value;
  readonly b: Value;
}

/**
 * Appends `x W^T + (alpha / r) (x A^T) B^T` for a weight that is adapted, `x W^T` for any other.
 *
 * The factor meets the N × r numbers in the middle, the fewest there are.
 */
function adaptedLinear(
  g: GraphBuilder,
  adapter: AdapterOptions,
  pairs: ReadonlyMap<Value, AdapterPair>,
): Linear {
  const plain = plainLinear(g);
  return (x, weight, c) => {
    const pair = pairs.get(weight);
    const whole = plain(x, weight, c);
    if (pair === undefined) return whole;
    return plain(g.mul(plain(x, pair.a), adapterScale(adapter)), pair.b, whole);
  };
}

/** What a model's linear layers are, and what of them trains, in the order of its flat array. */
export interface TrainedLinear {
  readonly linear: Linear;
  /** All weights, or the matrices of the adapter. */
  readonly trained: readonly Value[];
}

/** Declares the matrices of an adapter, where there is one, beside the weights of its model. */
export function trainedLinear(
  g: GraphBuilder,
  config: ModelConfig,
  weights: ModelWeights<Value>,
  adapter: AdapterOptions | null,
): TrainedLinear {
  if (adapter === null) return { linear: plainLinear(g), trained: listWeights(weights) };
  const pairs = new Map(
    adaptedWeights(config, adapter).map((adapted) => [
      weights.layers[adapted.layer]![adapted.key],
      pairInputs(g, adapted),
    ]),
  );
  return {
    linear: adaptedLinear(g, adapter, pairs),
    trained: [...pairs.values()].flatMap(({ a, b }) => [a, b]),
  };
}

/** The same for some weights of one layer, under names that hold for every layer: `q.loraA`. */
export function trainedLayerLinear<W extends Partial<LayerWeights<Value>>>(
  g: GraphBuilder,
  config: ModelConfig,
  weights: W,
  adapter: AdapterOptions | null,
): { linear: Linear; trained: Readonly<Record<string, Value | null>> } {
  if (adapter === null) return { linear: plainLinear(g), trained: weights };
  const trained: Record<string, Value> = {};
  const pairs = new Map<Value, AdapterPair>();
  for (const { layer, key, a, b } of adaptedWeights(config, adapter)) {
    const weight = weights[key];
    if (layer !== 0 || weight === undefined) continue;
    const ofLayer = <M extends typeof a>(matrix: M): M => ({
      ...matrix,
      input: matrix.input.slice('layer0.'.length),
    });
    const pair = pairInputs(g, { a: ofLayer(a), b: ofLayer(b) });
    for (const value of [pair.a, pair.b]) trained[value.name] = value;
    pairs.set(weight, pair);
  }
  return { linear: adaptedLinear(g, adapter, pairs), trained };
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
