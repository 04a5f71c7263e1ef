/** Where a share lies with 95 % confidence. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly method: 'wilson' | 'wilson-clustered';
  /** Independent responses that are as telling as those given. */
  readonly effectiveResponses: number;
}

/** The 97.5 % quantile of the normal distribution. */
const z = 1.959963984540054;

/**
 * 95 % interval of the mean accuracy over problems with k samples each.
 *
 * One sample: Wilson's score interval. Several: samples of one problem are alike, so they count as
 * `p (1 - p) / SE²` independent ones, with the standard error of the mean of the problems' means
 * (clustered by problem), in the same formula. It never leaves [0, 1], and is not empty at 0 or 1.
 *
 * @param rightShares each problem's share of right samples
 */
export function accuracyInterval(rightShares: readonly number[], samples: number): Interval {
  const n = rightShares.length;
  const p = rightShares.reduce((sum, share) => sum + share, 0) / n;
  if (samples === 1) return { ...wilson(p, n), method: 'wilson', effectiveResponses: n };
  const effectiveResponses = effectiveNumber(rightShares, { p, samples });
  return { ...wilson(p, effectiveResponses), method: 'wilson-clustered', effectiveResponses };
}

/** Between one response for each problem and all of them: chance may make problems look too even. */
function effectiveNumber(
  rightShares: readonly number[],
  { p, samples }: { p: number; samples: number },
): number {
  const n = rightShares.length;
  const squares = rightShares.reduce((sum, share) => sum + (share - p) ** 2, 0);
  // All alike, or a single problem, say nothing about the spread: count problems only.
  if (n < 2 || p === 0 || p === 1) return n;
  const squaredError = squares / (n * (n - 1));
  const independent = squaredError === 0 ? Infinity : (p * (1 - p)) / squaredError;
  return Math.min(Math.max(independent, n), n * samples);
}

/**
 * Wilson's score interval at 95 % (Wilson 1927).
 *
 * @example wilson(0.5, 10) // -> { low: 0.2366, high: 0.7634 }
 */
export function wilson(p: number, n: number): { low: number; high: number } {
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
