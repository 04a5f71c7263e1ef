import { compare } from '../algebra/rational.ts';
import type { Value } from './value.ts';

/** Numbers before other values, by worth; other values by their text. */
function compareValues(a: Value, b: Value): number {
  if (a.number && b.number) return compare(a.number, b.number);
  if (a.number || b.number) return a.number ? -1 : 1;
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
}

function isMonotone(values: readonly Value[]): boolean {
  const steps = values.slice(1).map((value, i) => Math.sign(compareValues(values[i]!, value)));
  return !steps.includes(1) || !steps.includes(-1);
}

/**
 * The elements of a set, or of a list without brackets, in canonical order and each once.
 *
 * Deliberate: a list is a set too (`1, 2` and `2, 1`, "a or b" and "b or a"), with one exception: three or
 * more numbers in neither rising nor falling order keep it, since nobody writes `4, 10, -2` but to say
 * which number is which.
 */
export function inOrder(values: readonly Value[], kind: 'set' | 'list'): readonly Value[] {
  const areNumbers = values.every(({ number }) => number !== null);
  if (kind === 'list' && areNumbers && !isMonotone(values)) return values;
  const sorted = [...values].sort(compareValues);
  if (kind === 'list' && areNumbers) return sorted;
  return sorted.filter(({ text }, i) => text !== sorted[i - 1]?.text);
}

/** `x=1, y=2` as the tuple (1,2), in the order of the names; null where not all are assigned to different names. */
export function assignedTuple(values: readonly Value[]): string | null {
  const named = values.flatMap(({ name, text }) => (name === null ? [] : [{ name, text }]));
  // x_1 and x_2 are two values of one unknown.
  const bases = new Set(named.map(({ name }) => name.split('_')[0]));
  if (values.length < 2 || bases.size < values.length) return null;
  named.sort((a, b) => (a.name < b.name ? -1 : 1));
  return `(${named.map(({ text }) => text).join(',')})`;
}
