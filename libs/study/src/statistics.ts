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

/** The most common value that is not null, the earliest of equals; null without any. */
export function majority<T>(values: readonly (T | null)[]): T | null {
  const counts = countsOf(values.filter((value) => value !== null));
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? null;
}

/**
 * Unbiased estimate of the chance that at least one of k samples is right: `1 - C(n - c, k) / C(n, k)`
 * (Chen et al. 2021, arXiv 2107.03374).
 *
 * @param numSamples n, at least k
 * @param numRight c
 */
export function passAtK(numSamples: number, numRight: number, k: number): number {
  if (numSamples - numRight < k) return 1;
  let miss = 1;
  for (let i = numSamples - numRight + 1; i <= numSamples; i++) miss *= 1 - k / i;
  return 1 - miss;
}
