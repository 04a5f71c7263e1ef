import type { GraphBuilder } from './builder.ts';
import type { Attribute, Node, Value } from './graph.ts';
import { shapeError } from './shapes.ts';

/**
 * The gradients of a node's inputs, given those of its outputs, written with the same builder.
 *
 * A rule may return an input's gradient before broadcasting was undone: the walk sums it to the input's
 * shape. `null` marks an input that has no gradient (indices, axes) or that needs none.
 *
 * @param node has as many inputs as its operator takes; the tuple type spares rules their assertions
 * @param dOut gradient of the first output
 * @param dOuts gradients of all outputs; null for one that the loss does not depend on
 */
export type GradientRule = (
  g: GraphBuilder,
  node: Node & { inputs: readonly [Value, Value, Value, Value] },
  dOut: Value,
  dOuts: readonly (Value | null)[],
) => readonly (Value | null)[];

const matrixProduct: GradientRule = (g, { inputs: [a, b], attributes }, dOut) => {
  const transA = intOf(attributes.transA) === 1;
  const transB = intOf(attributes.transB) === 1;
  const alpha = attributes.alpha?.kind === 'float' ? attributes.alpha.value : 1;
  // y = A B with A = a or a^T: dA = dy B^T, dB = A^T dy, each transposed again where its operand was.
  const dA = transA
    ? g.matMul(b, dOut, { transA: transB, transB: true, alpha })
    : g.matMul(dOut, b, { transB: !transB, alpha });
  const dB = transB
    ? g.matMul(dOut, a, { transA: true, transB: transA, alpha })
    : g.matMul(a, dOut, { transA: !transA, alpha });
  return [dA, dB];
};

/** One rule per operator; an operator that is missing here has no gradient. */
export const gradientRules: Readonly<Record<string, GradientRule>> = {
  Add: (_g, _node, dOut) => [dOut, dOut],
  Sub: (g, _node, dOut) => [dOut, g.neg(dOut)],
  Mul: (g, { inputs: [a, b] }, dOut) => [g.mul(dOut, b), g.mul(dOut, a)],
  Div: (g, { inputs: [, b], outputs: [y] }, dOut) => {
    const dA = g.div(dOut, b);
    return [dA, g.neg(g.mul(dA, y!))];
  },
  Min: (g, { inputs: [a, b] }, dOut) => {
    const isA = g.lessOrEqual(a, b);
    return [g.where(isA, dOut, 0), g.where(isA, 0, dOut)];
  },
  Max: (g, { inputs: [a, b] }, dOut) => {
    const isA = g.greaterOrEqual(a, b);
    return [g.where(isA, dOut, 0), g.where(isA, 0, dOut)];
  },
  Where: (g, { inputs: [condition] }, dOut) => [
    null,
    g.where(condition, dOut, 0),
    g.where(condition, 0, dOut),
  ],
  Neg: (g, _node, dOut) => [g.neg(dOut)],
  Exp: (g, { outputs: [y] }, dOut) => [g.mul(dOut, y!)],
  Log: (g, { inputs: [x] }, dOut) => [g.div(dOut, x)],
  Sigmoid: (g, { outputs: [y] }, dOut) => [g.mul(dOut, g.mul(y!, g.sub(1, y!)))],
  // silu(x) = x s with s = sigmoid(x), so its derivative is s (1 + x - x s).
  QuickGelu: (g, { inputs: [x], outputs: [y] }, dOut) => [
    g.mul(dOut, g.mul(g.sigmoid(x), g.add(g.sub(x, y!), 1))),
  ],

  MatMul: matrixProduct,
  FusedMatMul: matrixProduct,
  Gemm: (g, { inputs: [a, b, c], attributes }, dOut) => {
    const transA = intOf(attributes.transA) === 1;
    const transB = intOf(attributes.transB) === 1;
    const dA = transA
      ? g.gemm(b, dOut, { transA: transB, transB: true })
      : g.gemm(dOut, b, { transB: !transB });
    const dB = transB
      ? g.gemm(dOut, a, { transA: true, transB: transA })
      : g.gemm(a, dOut, { transA: !transA });
    return c === undefined ? [dA, dB] : [dA, dB, dOut];
  },

  Softmax: (g, { outputs: [y] }, dOut) => {
    const product = g.mul(dOut, y!);
    return [g.sub(product, g.mul(y!, g.reduceSum(product, [-1], true)))];
  },
  LogSoftmax: (g, { outputs: [y] }, dOut) => [
    g.sub(dOut, g.mul(g.exp(y!), g.reduceSum(dOut, [-1], true))),
  ],
  // y = n w with n = x r and r = 1 / rms(x): dx = r (dy w - n mean(dy w n)), dw = sum over rows of dy n.
  SimplifiedLayerNormalization: (g, { inputs: [x, weight], outputs: [, r] }, dOut) => {
    const normal = g.mul(x, r!);
    const scaled = g.mul(dOut, weight);
    const mean = g.reduceMean(g.mul(scaled, normal), [-1], true);
    return [g.mul(g.sub(scaled, g.mul(normal, mean)), r!), g.mul(dOut, normal)];
  },
  // The inverse rotation: the same angles, negated.
  RotaryEmbedding: (g, { inputs: [, positions, cos, sin] }, dOut) => [
    g.rotary(dOut, positions, cos, g.neg(sin)),
    null,
    null,
    null,
  ],

  ReduceSum: (g, { inputs: [x, axes], outputs: [y] }, dOut) => [
    g.expand(g.reshape(dOut, keptShape(g, x, axes, y!)), x.shape),
  ],
  ReduceMean: (g, { inputs: [x, axes], outputs: [y] }, dOut) => {
    const shape = keptShape(g, x, axes, y!);
    const count = g.integersOf(axes).reduce((n, axis) => n * Number(x.shape[axis]), 1);
    if (Number.isNaN(count)) throw shapeError('the gradient of a mean needs numeric dims', x.shape);
    return [g.expand(g.reshape(g.mul(dOut, 1 / count), shape), x.shape)];
  },
  Expand: (_g, _node, dOut) => [dOut, null],
  Cast: (g, { inputs: [x] }, dOut) => [g.cast(dOut, x.dtype)],

  Reshape: (g, { inputs: [x] }, dOut) => [g.reshape(dOut, x.shape), null],
  Transpose: (g, { attributes: { perm } }, dOut) => {
    const permutation = perm?.kind === 'ints' ? perm.value : [];
    return [
      g.transpose(
        dOut,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  Split: (g, { outputs, attributes }, _dOut, dOuts) => {
    const pieces = outputs.map((y, i) => dOuts[i] ?? g.fill(0, y.dtype, y.shape));
    return [g.concat(pieces, intOf(attributes.axis)), null];
  },
  Concat: (g, { inputs, attributes }, dOut) => {
    const axis = intOf(attributes.axis);
    const sizes = inputs.map((x) => Number(x.shape[axis]));
    return g.split(dOut, sizes, axis);
  },
  Gather: (g, { inputs: [data, indices] }, dOut) => [
    g.scatterAdd(g.fill(0, data.dtype, data.shape), indices, dOut),
    null,
  ],
  GatherElements: (g, { inputs: [x, indices] }, dOut) => [
    g.scatterAddElements(g.fill(0, x.dtype, x.shape), indices, dOut),
    null,
  ],
};

function intOf(attribute: Attribute | undefined): number {
  return attribute?.kind === 'int' ? attribute.value : 0;
}

/** The shape of a reduction's result with the reduced axes kept as 1. */
function keptShape(g: GraphBuilder, x: Value, axes: Value, y: Value): Value['shape'] {
  if (y.shape.length === x.shape.length) return y.shape;
  const reduced = g.integersOf(axes);
  return x.shape.map((dim, axis) => (reduced.includes(axis) ? 1 : dim));
}
