import { GraphBuilder, type Shape, serializeGraph } from '@mgrpo/onnx';

/** The numbers of an AdamW update that are one for all tensors, each float32 [1]. */
export const adamwNumbers = [
  'gradientScale',
  'beta1',
  'rest1',
  'beta2',
  'rest2',
  'rootCorrection',
  'epsilon',
  'decay',
  'rate',
] as const;

/**
 * The `adamw` graph for a device: one tensor's update (Loshchilov & Hutter 2019), as `adamwStep` makes it in float64.
 *
 * Inputs besides `adamwNumbers`: `weight`, `gradient`, `firstMoment` and `secondMoment`; `rest1` is 1 - beta1, which
 * float32 would round, `decay` the learning rate times the weight decay, `rate` the corrected learning rate.
 *
 * Outputs: `weights`, `firstMoments` and `secondMoments`.
 */
export function adamwGraph(shape: Shape): Uint8Array {
  const g = new GraphBuilder();
  const part = (name: string) => g.input(name, 'float32', shape);
  const [weight, first, second] = [part('weight'), part('firstMoment'), part('secondMoment')];
  const number = (name: (typeof adamwNumbers)[number]) => g.input(name, 'float32', [1]);
  const gradient = g.mul(part('gradient'), number('gradientScale'));
  const firsts = g.add(g.mul(first, number('beta1')), g.mul(gradient, number('rest1')));
  const square = g.mul(g.mul(gradient, gradient), number('rest2'));
  const seconds = g.add(g.mul(second, number('beta2')), square);
  const root = g.mul(g.sqrt(seconds), number('rootCorrection'));
  const update = g.div(firsts, g.add(root, number('epsilon')));
  const change = g.add(g.mul(update, number('rate')), g.mul(weight, number('decay')));
  g.output('weights', g.sub(weight, change));
  g.output('firstMoments', firsts);
  g.output('secondMoments', seconds);
  return serializeGraph(g, 'adamw', 'webgpu');
}

/** The `square` graph: `sum` [1] of the squares of a vector or matrix `x`, along its rows first. */
export function squareGraph(shape: Shape): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', shape);
  const squares = g.mul(x, x);
  const column = shape.length === 2 ? g.reduceSum(squares, [1]) : squares;
  g.output('sum', g.reduceSum(column, [0], true));
  return serializeGraph(g, 'square', 'webgpu');
}

/** The `sum` graph: `sum` of `a` and `b`. */
export function sumGraph(shape: Shape): Uint8Array {
  const g = new GraphBuilder();
  g.output('sum', g.add(g.input('a', 'float32', shape), g.input('b', 'float32', shape)));
  return serializeGraph(g, 'sum', 'webgpu');
}

/**
 * The `blend` graph: `mix` = from + share × (to - from), which leaves what is equal as it is to the bit.
 *
 * Inputs: `from`, `to`, and `share` [1].
 */
export function blendGraph(shape: Shape): Uint8Array {
  const g = new GraphBuilder();
  const from = g.input('from', 'float32', shape);
  const distance = g.sub(g.input('to', 'float32', shape), from);
  g.output('mix', g.add(from, g.mul(distance, g.input('share', 'float32', [1]))));
  return serializeGraph(g, 'blend', 'webgpu');
}
