import type { GraphBuilder } from './builder.ts';
import type { Attribute, Node, Value } from './graph.ts';

/** Computes a node's outputs by other operators. */
type Lowering = (
  g: GraphBuilder,
  node: Node & { inputs: readonly [Value, Value] },
) => readonly Value[];

/**
 * What ONNX Runtime's WebGPU provider lacks or gets wrong, by operators that it has.
 *
 * Without them a node runs on the CPU in the middle of the graph, and its operands cross the bus both ways.
 */
const lowerings: Readonly<Record<string, Lowering>> = {
  // No kernel. The smaller operand of a product is the one to transpose, but only the caller knows which it is.
  FusedMatMul: (g, { inputs: [a, b], attributes }) => {
    const left = isSet(attributes.transA) ? transposed(g, a) : a;
    const right = isSet(attributes.transB) ? transposed(g, b) : b;
    const product = g.matMul(left, right);
    const alpha = floatOf(attributes.alpha);
    return [alpha === 1 ? product : g.mul(product, alpha)];
  },
  // No kernel, and it would take the logits of a whole vocabulary to the CPU.
  LogSoftmax: (g, { inputs: [x] }) => {
    const shifted = g.sub(x, g.reduceMax(x, [-1], true));
    return [g.sub(shifted, g.log(g.reduceSum(g.exp(shifted), [-1], true)))];
  },
  // The kernel's second output, 1 / rms, is wrong.
  SimplifiedLayerNormalization: (g, { inputs: [x, weight], attributes }) => {
    const square = g.reduceMean(g.mul(x, x), [-1], true);
    const inverse = g.div(1, g.sqrt(g.add(square, floatOf(attributes.epsilon))));
    return [g.mul(g.mul(x, inverse), weight), inverse];
  },
};

/** The nodes of `g` that its outputs depend on, as the WebGPU provider runs them. */
export function lowerForWebGpu(g: GraphBuilder, nodes: readonly Node[]): readonly Node[] {
  const read = new Set([
    ...nodes.flatMap(({ inputs }) => inputs),
    ...g.outputs.map((output) => output.value),
  ]);
  return nodes.flatMap((node) => {
    const isRightNorm =
      node.opType === 'SimplifiedLayerNormalization' && !read.has(node.outputs[1]!);
    const lower = lowerings[node.opType];
    if (lower === undefined || isRightNorm) return [node];
    const start = g.nodes.length;
    const results = lower(g, node as Parameters<Lowering>[1]);
    const emitted = g.nodes.splice(start);
    return emitted.map((made) => ({
      ...made,
      // The results take the places, and so the names, of the node's outputs.
      outputs: made.outputs.map((value) => node.outputs[results.indexOf(value)] ?? value),
      inputs: made.inputs.map((value) => node.outputs[results.indexOf(value)] ?? value),
    }));
  });
}

function transposed(g: GraphBuilder, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  const [row, column] = [axes.length - 2, axes.length - 1];
  return g.transpose(x, axes.with(row, column).with(column, row));
}

function isSet(attribute: Attribute | undefined): boolean {
  return attribute?.kind === 'int' && attribute.value === 1;
}

function floatOf(attribute: Attribute | undefined): number {
  return attribute?.kind === 'float' ? attribute.value : 1;
}
