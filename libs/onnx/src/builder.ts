import { MgrpoError } from '@mgrpo/errors';
import { addDims, canonicalDim, type Dim, dimTerms, type Shape, sameShape } from './dim.ts';
import {
  type Attributes,
  type DType,
  dataTypes,
  float,
  Graph,
  int,
  ints,
  text,
  type Value,
} from './graph.ts';
import {
  broadcastShapes,
  concatShape,
  normalAxis,
  productShape,
  reducedShape,
  shapeError,
  sizeOf,
  slicedShape,
  transposedShape,
} from './shapes.ts';

/** A tensor, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Value | number;

const microsoft = { domain: 'com.microsoft' } as const;

/**
 * The operators of our graphs, each with its shape inference: `const y = g.mul(x, g.sigmoid(x))`.
 *
 * Operators keep ONNX's names and meaning; axes may count from the end. Shapes that don't fit, or fit only
 * for some values of a symbol, throw when the graph is built.
 */
export class GraphBuilder extends Graph {
  // Elementwise, with broadcasting.

  add = (a: Operand, b: Operand): Value => this.#binary('Add', a, b);
  sub = (a: Operand, b: Operand): Value => this.#binary('Sub', a, b);
  mul = (a: Operand, b: Operand): Value => this.#binary('Mul', a, b);
  div = (a: Operand, b: Operand): Value => this.#binary('Div', a, b);
  min = (a: Operand, b: Operand): Value => this.#binary('Min', a, b);
  max = (a: Operand, b: Operand): Value => this.#binary('Max', a, b);
  less = (a: Operand, b: Operand): Value => this.#binary('Less', a, b, 'bool');
  lessOrEqual = (a: Operand, b: Operand): Value => this.#binary('LessOrEqual', a, b, 'bool');
  greaterOrEqual = (a: Operand, b: Operand): Value => this.#binary('GreaterOrEqual', a, b, 'bool');

  neg = (x: Value): Value => this.#unary('Neg', x);
  exp = (x: Value): Value => this.#unary('Exp', x);
  sqrt = (x: Value): Value => this.#unary('Sqrt', x);
  log = (x: Value): Value => this.#unary('Log', x);
  sigmoid = (x: Value): Value => this.#unary('Sigmoid', x);

  /** `x * sigmoid(x)`, in one pass (ONNX Runtime's QuickGelu with alpha 1). */
  silu(x: Value): Value {
    const attributes = { alpha: float(1) };
    return this.#one('QuickGelu', [x], x.dtype, x.shape, { attributes, ...microsoft });
  }

  /** `condition ? a : b`, elementwise. */
  where(condition: Value, a: Operand, b: Operand): Value {
    const [x, y] = this.#operands(a, b);
    const shape = broadcastShapes(condition.shape, broadcastShapes(x.shape, y.shape));
    return this.#one('Where', [condition, x, y], x.dtype, shape);
  }

  cast(x: Value, dtype: DType): Value {
    const attributes = { to: int(dataTypes[dtype]) };
    return this.#one('Cast', [x], dtype, x.shape, { attributes });
  }

  // Products.

  /** `alpha * a @ b` over the last two axes, either transposed; leading axes broadcast. */
  matMul(
    a: Value,
    b: Value,
    options: { transA?: boolean; transB?: boolean; alpha?: number } = {},
  ): Value {
    const { transA = false, transB = false, alpha = 1 } = options;
    const shape = productShape(a.shape, b.shape, transA, transB);
    if (!transA && !transB && alpha === 1) return this.#one('MatMul', [a, b], a.dtype, shape);
    const attributes = {
      transA: int(Number(transA)),
      transB: int(Number(transB)),
      alpha: float(alpha),
    };
    return this.#one('FusedMatMul', [a, b], a.dtype, shape, { attributes, ...microsoft });
  }

  /** `a @ b + c` for matrices, either transposed; `c` (a row or the whole) is added inside the product. */
  gemm(
    a: Value,
    b: Value,
    options: { transA?: boolean; transB?: boolean; c?: Value | undefined } = {},
  ): Value {
    const { transA = false, transB = false, c } = options;
    if (a.shape.length !== 2 || b.shape.length !== 2) throw shapeError('gemm', a.shape, b.shape);
    const shape = productShape(a.shape, b.shape, transA, transB);
    if (c !== undefined && !sameShape(broadcastShapes(shape, c.shape), shape)) {
      throw shapeError('can not add the third operand of gemm', shape, c.shape);
    }
    const attributes = { transA: int(Number(transA)), transB: int(Number(transB)) };
    const inputs = c === undefined ? [a, b] : [a, b, c];
    return this.#one('Gemm', inputs, a.dtype, shape, { attributes });
  }

  // Along one axis.

  softmax = (x: Value): Value => this.#unary('Softmax', x, { axis: int(-1) });
  logSoftmax = (x: Value): Value => this.#unary('LogSoftmax', x, { axis: int(-1) });

  reduceSum = (x: Value, axes: readonly number[], keepDims = false): Value =>
    this.#reduce('ReduceSum', x, axes, keepDims);
  reduceMean = (x: Value, axes: readonly number[], keepDims = false): Value =>
    this.#reduce('ReduceMean', x, axes, keepDims);
  reduceMax = (x: Value, axes: readonly number[], keepDims = false): Value =>
    this.#reduce('ReduceMax', x, axes, keepDims);

  /** Index of the first maximum along the last axis, which stays as 1. */
  argMax(x: Value): Value {
    const shape = reducedShape(x.shape, [-1], true);
    const attributes = { axis: int(-1), keepdims: int(1) };
    return this.#one('ArgMax', [x], 'int64', shape, { attributes });
  }

  /** Inclusive running sum along `axis`. */
  cumSum(x: Value, axis: number): Value {
    const at = this.constant('int64', [], [normalAxis(axis, x.shape.length)]);
    return this.#one('CumSum', [x, at], x.dtype, x.shape);
  }

  /** The `k` largest of the last axis, in falling order, and their indices. */
  topK(x: Value, k: number): { values: Value; indices: Value } {
    const shape = [...x.shape.slice(0, -1), k];
    const outputs = [
      { dtype: x.dtype, shape },
      { dtype: 'int64' as const, shape },
    ];
    const [values, indices] = this.append('TopK', [x, this.integers([k])], outputs);
    return { values: values!, indices: indices! };
  }

  /**
   * `x / sqrt(mean(x^2) + epsilon) * weight` over the last axis, and `1 / sqrt(...)` with that axis as 1.
   *
   * The WebGPU provider's second output is wrong; `serializeGraph` for it computes both by other operators.
   */
  rmsNorm(x: Value, weight: Value, epsilon: number): Value {
    if (!sameShape(weight.shape, x.shape.slice(-1))) {
      throw shapeError('the weight of a norm must match the last axis', x.shape, weight.shape);
    }
    // ONNX Runtime computes 1 / rms in float32 whatever the dtype of x.
    const outputs = [x, { dtype: 'float32' as const, shape: reducedShape(x.shape, [-1], true) }];
    const attributes = { axis: int(-1), epsilon: float(epsilon) };
    return this.append('SimplifiedLayerNormalization', [x, weight], outputs, { attributes })[0]!;
  }

  /**
   * Rotary position embedding, half-split convention: `(a, b) -> (a cos - b sin, b cos + a sin)`.
   *
   * @param x [B, heads, T, K], or [B, T, heads*K]
   * @param positions int64 [B, T] row of the tables for each token, or [1]: the first token's row
   * @param cos [positions, K/2], as is `sin`
   */
  rotary(x: Value, positions: Value, cos: Value, sin: Value): Value {
    const inputs = [x, positions, cos, sin];
    return this.#one('RotaryEmbedding', inputs, x.dtype, x.shape, { ...microsoft });
  }

  // Moving elements.

  /** The same elements in another shape. Dims that only run time knows are computed from the inputs'. */
  reshape(x: Value, shape: Shape): Value {
    const target = shape.map(canonicalDim);
    if (sameShape(x.shape, target)) return x;
    if (sizeOf(x.shape) !== sizeOf(target)) throw shapeError('can not reshape', x.shape, target);
    const copied = target.map((dim, axis) =>
      typeof dim === 'number' ? dim : dim === x.shape[axis] ? 0 : -1,
    );
    const isClear = copied.filter((dim) => dim === -1).length <= 1 && !target.includes(0);
    const shapeValue = isClear ? this.integers(copied) : this.shapeValue(target);
    return this.#one('Reshape', [x, shapeValue], x.dtype, target);
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    const shape = transposedShape(x.shape, permutation);
    return this.#one('Transpose', [x], x.dtype, shape, { attributes: { perm: ints(permutation) } });
  }

  /** Cuts `axis` into pieces of the given sizes. */
  split(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
    const at = normalAxis(axis, x.shape.length);
    if (addDims(0, ...sizes) !== x.shape[at]) {
      throw shapeError(`pieces ${sizes.join(' + ')} do not fill axis ${axis}`, x.shape);
    }
    const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(at, size) }));
    const attributes = { axis: int(at) };
    return this.append('Split', [x, this.integers(sizes)], outputs, { attributes });
  }

  concat(values: readonly Value[], axis: number): Value {
    const shape = concatShape(
      values.map((value) => value.shape),
      axis,
    );
    const attributes = { axis: int(normalAxis(axis, shape.length)) };
    return this.#one('Concat', values, values[0]!.dtype, shape, { attributes });
  }

  /** `x[start:end]` along `axis`; `end` may be Infinity, both may count from the end of a numeric axis. */
  slice(x: Value, axis: number, start: number, end: number): Value {
    const shape = slicedShape(x.shape, axis, start, end);
    const last = Math.min(end, Number.MAX_SAFE_INTEGER);
    const at = normalAxis(axis, x.shape.length);
    const range = [start, last, at].map((number) => this.integers([number]));
    return this.#one('Slice', [x, ...range], x.dtype, shape);
  }

  /** Rows of `data` by index along the first axis: [n, ...rest] at [...i] -> [...i, ...rest]. */
  gather(data: Value, indices: Value): Value {
    const shape = [...indices.shape, ...data.shape.slice(1)];
    return this.#one('Gather', [data, indices], data.dtype, shape, {
      attributes: { axis: int(0) },
    });
  }

  /** One element per index along the last axis. */
  gatherElements(x: Value, indices: Value): Value {
    if (!sameShape(x.shape.slice(0, -1), indices.shape.slice(0, -1))) {
      throw shapeError('indices must match all axes but the last', x.shape, indices.shape);
    }
    const attributes = { axis: int(-1) };
    return this.#one('GatherElements', [x, indices], x.dtype, indices.shape, { attributes });
  }

  /** `x` with `updates` added at `indices` along the last axis; repeated indices add up. */
  scatterAddElements(x: Value, indices: Value, updates: Value): Value {
    const attributes = { axis: int(-1), reduction: text('add') };
    return this.#one('ScatterElements', [x, indices, updates], x.dtype, x.shape, { attributes });
  }

  /** `data` with each row of `updates` added at its index of the first axis; repeated indices add up. */
  scatterAdd(data: Value, indices: Value, updates: Value): Value {
    const tuples = this.reshape(indices, [...indices.shape, 1]);
    const expected = [...indices.shape, ...data.shape.slice(1)];
    if (!sameShape(updates.shape, expected)) {
      throw shapeError('the updates of scatterAdd do not fit', expected, updates.shape);
    }
    const attributes = { reduction: text('add') };
    return this.#one('ScatterND', [data, tuples, updates], data.dtype, data.shape, { attributes });
  }

  /** `cache` [B, J, S, K] with `updates` [B, J, K] written at `cells` int64 [B, J, 3]: row, head, position. */
  scatterCells(cache: Value, cells: Value, updates: Value): Value {
    return this.#one('ScatterND', [cache, cells, updates], cache.dtype, cache.shape);
  }

  /** `x` repeated to `shape`. */
  expand(x: Value, shape: Shape): Value {
    const target = shape.map(canonicalDim);
    if (!sameShape(broadcastShapes(x.shape, target), target)) {
      throw shapeError('can not expand', x.shape, target);
    }
    return this.#one('Expand', [x, this.shapeValue(target)], x.dtype, target);
  }

  /** A tensor of one repeated number. */
  fill(value: number, dtype: DType, shape: Shape): Value {
    return this.expand(this.constant(dtype, [], [value]), shape);
  }

  /** The last two axes' elements on and above diagonal `k` (a number, or int64 [1]); zero below it. */
  upperTriangle(x: Value, k: Operand): Value {
    const diagonal = typeof k === 'number' ? this.constant('int64', [], [k]) : k;
    const attributes = { upper: int(1) };
    return this.#one('Trilu', [x, diagonal], x.dtype, x.shape, { attributes });
  }

  // Numbers.

  /** A constant int64 vector. */
  integers = (values: readonly number[]): Value => this.constant('int64', [values.length], values);

  /** The dims of `shape` as an int64 vector: a constant, or computed from the shapes of graph inputs. */
  shapeValue(shape: Shape): Value {
    if (shape.every((dim) => typeof dim === 'number')) return this.integers(shape);
    return this.concat(
      shape.map((dim) => this.extent(dim)),
      0,
    );
  }

  /** A dimension as an int64 [1], at run time. Each symbol must be a whole dim of some graph input. */
  extent(dim: Dim): Value {
    if (typeof dim === 'number') return this.integers([dim]);
    const known = this.#extents.get(dim);
    if (known !== undefined) return known;
    const terms = dimTerms(dim).map(({ coefficient, symbols }) => {
      const factors = symbols.map((symbol) => this.#symbol(symbol));
      return factors.reduce(
        (product, factor) => this.mul(product, factor),
        this.integers([coefficient]),
      );
    });
    const value = terms.reduce((sum, term) => this.add(sum, term));
    this.#extents.set(dim, value);
    return value;
  }

  readonly #extents = new Map<Dim, Value>();

  #symbol(symbol: string): Value {
    const source = this.inputs.find((input) => input.shape.includes(symbol));
    if (source === undefined) {
      throw new MgrpoError('INTERNAL', `no graph input has a dimension "${symbol}"`);
    }
    const axis = source.shape.indexOf(symbol);
    const attributes = { start: int(axis), end: int(axis + 1) };
    return this.#one('Shape', [source], 'int64', [1], { attributes });
  }

  #operands(a: Operand, b: Operand): [Value, Value] {
    if (typeof a === 'number' && typeof b === 'number') {
      throw new MgrpoError('INTERNAL', `both operands are numbers: ${a} and ${b}`);
    }
    if (typeof a === 'number') return [this.constant((b as Value).dtype, [], [a]), b as Value];
    if (typeof b === 'number') return [a, this.constant(a.dtype, [], [b])];
    if (a.dtype !== b.dtype) {
      throw new MgrpoError('INTERNAL', `operands of ${a.dtype} and ${b.dtype}: cast one of them`);
    }
    return [a, b];
  }

  #binary(opType: string, a: Operand, b: Operand, dtype?: DType): Value {
    const [x, y] = this.#operands(a, b);
    return this.#one(opType, [x, y], dtype ?? x.dtype, broadcastShapes(x.shape, y.shape));
  }

  #unary(opType: string, x: Value, attributes: Attributes = {}): Value {
    return this.#one(opType, [x], x.dtype, x.shape, { attributes });
  }

  #reduce(opType: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
    const normal = axes.map((axis) => normalAxis(axis, x.shape.length));
    const attributes = { keepdims: int(Number(keepDims)) };
    const shape = reducedShape(x.shape, normal, keepDims);
    return this.#one(opType, [x, this.integers(normal)], x.dtype, shape, { attributes });
  }

  #one(
    opType: string,
    inputs: readonly Value[],
    dtype: DType,
    shape: Shape,
    options: { attributes?: Attributes; domain?: 'com.microsoft' } = {},
  ): Value {
    return this.append(opType, inputs, [{ dtype, shape }], options)[0]!;
  }
}
