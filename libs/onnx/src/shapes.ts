import { MgrpoError } from '@mgrpo/errors';
import { addDims, type Dim, multiplyDims, type Shape } from './dim.ts';

/** The error of shapes that don't fit, or can't be proved to fit, when a graph is built. */
export function shapeError(what: string, ...shapes: Shape[]): MgrpoError {
  const list = shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ');
  return new MgrpoError('INTERNAL', `${what}: ${list}`);
}

/** An axis counted from the front. @throws MgrpoError INTERNAL when the shape has no such axis. */
export function normalAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new MgrpoError('INTERNAL', `axis ${axis} of a tensor of rank ${rank}`);
  }
  return normal;
}

/**
 * The shape of an elementwise operation, by numpy's broadcasting.
 *
 * Two dims are joined only where it is provable: equal, or one of them the number 1. `T` against 5 is an
 * error even though T may be 5 at run time.
 */
export function broadcastShapes(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw shapeError('can not broadcast', a, b);
  });
}

/** The shape of `a @ b` over the last two axes (either transposed first), leading axes broadcast. */
export function productShape(a: Shape, b: Shape, transA = false, transB = false): Dim[] {
  if (a.length < 2 || b.length < 2) throw shapeError('a matrix product needs rank 2', a, b);
  const [rows, innerA] = transA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [innerB, columns] = transB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  if (innerA !== innerB) throw shapeError('inner dimensions of a matrix product differ', a, b);
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns];
}

/** The shape after a reduction of `axes`, which stay as 1 with `keepDims`. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Dim[] {
  const reduced = new Set(axes.map((axis) => normalAxis(axis, shape.length)));
  if (keepDims) return shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim));
  return shape.filter((_, axis) => !reduced.has(axis));
}

/** The shape of a concatenation along `axis`; all other dims must be provably equal. */
export function concatShape(shapes: readonly Shape[], axis: number): Dim[] {
  const first = shapes[0]!;
  const at = normalAxis(axis, first.length);
  for (const shape of shapes) {
    const fits = shape.length === first.length && shape.every((d, i) => i === at || d === first[i]);
    if (!fits) throw shapeError('can not concatenate', first, shape);
  }
  const total = addDims(...shapes.map((shape) => shape[at]!));
  return first.map((dim, i) => (i === at ? total : dim));
}

/** The shape of `shape[axis][start:end]`. Only a numeric dim can be sliced by counts from the end. */
export function slicedShape(shape: Shape, axis: number, start: number, end: number): Dim[] {
  const at = normalAxis(axis, shape.length);
  const dim = shape[at]!;
  if (typeof dim === 'string' && (start < 0 || end < 0 || end === Number.POSITIVE_INFINITY)) {
    throw shapeError(`slicing symbolic axis ${axis} from its end is ambiguous`, shape);
  }
  const limit = typeof dim === 'number' ? dim : end;
  const from = start < 0 ? limit + start : start;
  const to = Math.min(end < 0 ? limit + end : end, limit);
  if (from < 0 || to <= from) throw shapeError(`slice ${start}:${end} of axis ${axis}`, shape);
  return shape.map((d, i) => (i === at ? to - from : d));
}

/** The shape with `axes` permuted: output axis i is input axis `permutation[i]`. */
export function transposedShape(shape: Shape, permutation: readonly number[]): Dim[] {
  const axes = [...permutation].sort((a, b) => a - b);
  if (axes.length !== shape.length || axes.some((axis, i) => axis !== i)) {
    throw shapeError(`[${permutation.join(', ')}] is no permutation of the axes of`, shape);
  }
  return permutation.map((axis) => shape[axis]!);
}

/** The number of elements, as a dimension. */
export function sizeOf(shape: Shape): Dim {
  return multiplyDims(1, ...shape);
}
