/** Mean; NaN of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Share of the values for which `holds` is true; NaN of no values. */
export function share<T>(values: readonly T[], holds: (value: T) => boolean): number {
  return values.filter(holds).length / values.length;
}

/** How often each value occurs, in order of first occurrence. */
function countsOf<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Share of the most common value; 0 of no values. */
export function topShare<T>(values: readonly T[]): number {
  return values.length === 0 ? 0 : Math.max(...countsOf(values).values()) / values.length;
}
