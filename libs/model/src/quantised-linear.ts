// N rows; W [out, in].
import { GraphBuilder, int, serializeGraph, type Value } from '@mgrpo/onnx';
import type { ModelConfig } from './config.ts';
import { type ModelWeights, mapWeights, type WeightView, weightViews } from './graph-weights.ts';
import type { Linear } from './linear.ts';
import { numBlocks, type Quantisation, quantise, quantisedBytes } from './quantise.ts';

/** A matrix that a quantised graph has as constants instead of as an input. */
export interface QuantisedView extends WeightView {
  readonly shape: readonly [number, number];
}

/**
 * The matrices that are rounded: those of the layers, and the output head. An embedding is looked up and stays; where
 * the head is tied to it, the head is rounded all the same.
 */
export function quantisedViews(config: ModelConfig): QuantisedView[] {
  const { layers, head } = weightViews(config);
  const views = layers.flatMap(({ q, k, v, output, gate, up, down }) => [
    q,
    k,
    v,
    output,
    gate,
    up,
    down,
  ]);
  return [...views, { ...head, name: 'head' }].map((view) => {
    const [rows, columns] = view.shape;
    return { ...view, shape: [rows!, columns!] };
  });
}

/** Bytes of all rounded matrices of a model: while they are `made`, and as a session holds them. */
export function quantisedModelBytes(
  config: ModelConfig,
  quantisation: Quantisation,
): { made: number; held: number } {
  const bytes = quantisedViews(config).map(({ shape }) => quantisedBytes(shape, quantisation));
  return {
    made: bytes.reduce((sum, { made }) => sum + made, 0),
    held: bytes.reduce((sum, { held }) => sum + held, 0),
  };
}

/** A rounded matrix as the constants of a graph, by name. */
export function roundedConstants(
  { name, shape }: Pick<QuantisedView, 'name' | 'shape'>,
  weights: Float32Array,
  quantisation: Quantisation,
): Record<string, Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>> {
  const { codes, scales } = quantise(weights, shape, quantisation);
  const names = constantNames(name);
  return { [names.codes]: codes, [names.scales]: scales };
}

function constantNames(name: string): { codes: string; scales: string } {
  return { codes: `${name}.codes`, scales: `${name}.scales` };
}

/** The weights of a graph, and how it multiplies with them. */
export interface GraphLinear {
  readonly weights: ModelWeights<Value>;
  readonly linear: Linear;
}

/** Declares a model's weights with rounded matrices, whose codes stand in their places. */
export function quantisedInputs(
  g: GraphBuilder,
  config: ModelConfig,
  quantisation: Quantisation,
): GraphLinear {
  const scalesOf = new Map<Value, Value>();
  const declare = (view: QuantisedView): Value => {
    const { codes, scales } = declareMatrix(g, view, quantisation);
    scalesOf.set(codes, scales);
    return codes;
  };
  const rounded = new Map(quantisedViews(config).map((view) => [view.name, declare(view)]));
  const weights = mapWeights(
    weightViews(config),
    ({ name, shape }) => rounded.get(name) ?? g.input(name, 'float32', shape),
  );
  return {
    weights: { ...weights, head: rounded.get('head')! },
    linear: (x, codes, c) => {
      const scales = scalesOf.get(codes)!;
      const product = matMulNBits(g, x, { codes, scales }, quantisation);
      return c === undefined ? product : g.add(product, c);
    },
  };
}

/** The constants of one rounded matrix. */
interface RoundedMatrix {
  readonly codes: Value;
  readonly scales: Value;
}

function declareMatrix(
  g: GraphBuilder,
  view: Pick<QuantisedView, 'name' | 'shape'>,
  quantisation: Quantisation,
): RoundedMatrix {
  const [rows, columns] = view.shape;
  const { bits, blockSize } = quantisation;
  const names = constantNames(view.name);
  const blocks = numBlocks(columns, quantisation);
  const shape = [rows, blocks, (blockSize * bits) / 8];
  return {
    codes: g.externalConstant(names.codes, 'uint8', shape),
    scales: g.externalConstant(names.scales, 'float32', [rows * blocks]),
  };
}

/** `x` [N, in] times one rounded matrix `w` [out, in] to `product` [N, out]: for probes of what its kernels compute. */
export function roundedProductGraph(
  shape: readonly [number, number],
  quantisation: Quantisation,
): Uint8Array {
  const g = new GraphBuilder();
  const matrix = declareMatrix(g, { name: 'w', shape }, quantisation);
  g.output(
    'product',
    matMulNBits(g, g.input('x', 'float32', ['N', shape[1]]), matrix, quantisation),
  );
  return serializeGraph(g, 'rounded-product');
}

/**
 * `x W^T` of rounded weights: [N, in] -> [N, out]. ONNX Runtime packs codes and scales once where they are constants,
 * and only then is fast. It rounds x too, to 8 bits in blocks of a row.
 */
function matMulNBits(
  g: GraphBuilder,
  x: Value,
  { codes, scales }: RoundedMatrix,
  { bits, blockSize }: Quantisation,
): Value {
  const columns = x.shape[1] as number;
  const rows = codes.shape[0]!;
  const attributes = {
    K: int(columns),
    N: int(rows as number),
    bits: int(bits),
    block_size: int(blockSize),
    accuracy_level: int(4),
  };
  const output = { dtype: x.dtype, shape: [x.shape[0]!, rows] };
  const options = { attributes, domain: 'com.microsoft' } as const;
  return g.append('MatMulNBits', [x, codes, scales], [output], options)[0]!;
}
