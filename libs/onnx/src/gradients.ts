import { MgrpoError } from '@mgrpo/errors';
import type { GraphBuilder } from './builder.ts';
import { type Shape, sameShape } from './dim.ts';
import { gradientRules } from './gradient-rules.ts';
import type { Node, Value } from './graph.ts';

/**
 * Appends the nodes that compute d(loss)/d(value) for each of `values`: reverse-mode differentiation.
 *
 * @param loss a scalar
 * @throws MgrpoError INTERNAL for an operator without a gradient rule on the way, and for a value that the
 *   loss does not depend on.
 */
export function gradients(g: GraphBuilder, loss: Value, values: readonly Value[]): Value[] {
  return backward(g, [{ value: loss, gradient: g.constant(loss.dtype, [], [1]) }], values);
}

/** A value whose gradient is known, and that gradient: of the same shape. */
export interface Seed {
  readonly value: Value;
  readonly gradient: Value;
}

/**
 * The same from known gradients of some values instead of a scalar loss: the backward pass of a part of a
 * model, whose other parts are other graphs.
 */
export function backward(
  g: GraphBuilder,
  seeds: readonly Seed[],
  values: readonly Value[],
): Value[] {
  const dependent = dependentOn(g.nodes, values);
  const gradientOf = new Map(seeds.map(({ value, gradient }) => [value.name, gradient]));
  for (const node of g.nodes.toReversed()) {
    const dOuts = node.outputs.map((output) => gradientOf.get(output.name) ?? null);
    const isOnTheWay = node.inputs.some((input) => dependent.has(input.name));
    if (!isOnTheWay || dOuts.every((gradient) => gradient === null)) continue;
    const rule = gradientRules[node.opType];
    if (rule === undefined) {
      throw new MgrpoError('INTERNAL', `operator ${node.opType} has no gradient rule`);
    }
    const [first] = node.outputs;
    const dFirst = dOuts[0] ?? g.fill(0, first!.dtype, first!.shape);
    const dInputs = rule(g, node as Parameters<typeof rule>[1], dFirst, dOuts);
    for (const [index, input] of node.inputs.entries()) {
      const dInput = dInputs[index];
      if (!dInput || !dependent.has(input.name)) continue;
      const summed = sumToShape(g, dInput, input.shape);
      const others = gradientOf.get(input.name);
      gradientOf.set(input.name, others === undefined ? summed : g.add(others, summed));
    }
  }
  return values.map((value) => {
    const gradient = gradientOf.get(value.name);
    if (gradient !== undefined) return gradient;
    throw new MgrpoError('INTERNAL', `the loss does not depend on ${value.name}`);
  });
}

/** The names of `values` and of all numbers computed from them; a shape or a comparison carries no gradient. */
function dependentOn(nodes: readonly Node[], values: readonly Value[]): ReadonlySet<string> {
  const dependent = new Set(values.map((value) => value.name));
  for (const node of nodes) {
    if (!node.inputs.some((input) => dependent.has(input.name))) continue;
    for (const { name, dtype } of node.outputs) {
      if (dtype === 'float32' || dtype === 'float64') dependent.add(name);
    }
  }
  return dependent;
}

/** Undoes broadcasting: sums over the axes along which a value of `shape` was repeated. */
function sumToShape(g: GraphBuilder, gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const numLeading = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, axis) => {
    const kept = axis < numLeading ? undefined : shape[axis - numLeading];
    return kept === dim ? [] : [axis];
  });
  return g.reshape(g.reduceSum(gradient, axes, true), shape);
}
