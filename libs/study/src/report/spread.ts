/** What several seeds gave: never a mean with a standard error, of three to five values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Median (the mean of the middle two of an even number) with the extremes; null of no values. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle]!;
  const median = sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, count: sorted.length };
}

/** Differences between two arms, seed by seed: both saw the same prompts in the same order. */
export interface PairedDifferences extends Spread {
  readonly seeds: readonly number[];
  readonly numPositive: number;
  /** Two-sided sign test, equal pairs left out: with n seeds never below 2 / 2^n. */
  readonly signTestP: number;
}

/** Of the seeds that both have; null when there is none. @param arm values by seed */
export function pairedDifferences(
  arm: ReadonlyMap<number, number>,
  baseline: ReadonlyMap<number, number>,
): PairedDifferences | null {
  const seeds = [...arm.keys()].filter((seed) => baseline.has(seed));
  const differences = seeds.map((seed) => arm.get(seed)! - baseline.get(seed)!);
  const spread = spreadOf(differences);
  if (spread === null) return null;
  const numPositive = differences.filter((difference) => difference > 0).length;
  const numNegative = differences.filter((difference) => difference < 0).length;
  return { ...spread, seeds, numPositive, signTestP: signTest(numPositive, numNegative) };
}

/**
 * Two-sided sign test: the chance of a split at least as uneven from fair coins.
 *
 * @example signTest(3, 0) // -> 0.25
 */
export function signTest(numPositive: number, numNegative: number): number {
  const n = numPositive + numNegative;
  let ways = 0;
  let term = 1;
  for (let k = 0; k <= Math.min(numPositive, numNegative); k++) {
    ways += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, (2 * ways) / 2 ** n);
}
