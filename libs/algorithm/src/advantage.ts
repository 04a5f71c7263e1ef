/** How rewards become advantages. */
export interface AdvantageOptions {
  /** `group`: Eq. 2. `rloo`: leave-one-out, `n/(n-1) (r - mean)`, as in SRT's public code. */
  readonly estimator: 'group' | 'rloo';
  /** `bessel`: divide by n - 1 (VeRL, the authors' code). `population`: by n. Eq. 2 does not say. */
  readonly deviation: 'bessel' | 'population';
  /** Added to the standard deviation: 1e-6 in VeRL, 1e-4 in TRL, none in Eq. 2. */
  readonly epsilon: number;
  /**
   * Whose rewards give mean and deviation: the `kept` policy rollouts (Algorithm 1, line 14) or `all`
   * M of the prompt (Eq. 2), of which only the kept ones get an advantage.
   */
  readonly baseline: 'kept' | 'all';
}

/**
 * Advantages of a group's rollouts: `A_i = (r_i - mean) / (std + epsilon)` (Eq. 2), or leave-one-out.
 *
 * Equal rewards carry no signal and give zeros, also where rounding would leave a deviation (the mean
 * of twelve 0.1 is not 0.1). So does a baseline of fewer than two rewards: VeRL would pass the raw
 * reward on, which rewards a rollout for having lost its siblings to the filter.
 *
 * @param rewards of the rollouts that get an advantage
 * @param baseline the rewards whose mean and deviation count; contains `rewards`
 * @example
 * const options = { estimator: 'group', deviation: 'bessel', epsilon: 1e-6 } as const;
 * groupAdvantages([1, 0, 0, 1], [1, 0, 0, 1], options) // -> [0.866, -0.866, -0.866, 0.866], nearly
 */
export function groupAdvantages(
  rewards: readonly number[],
  baseline: readonly number[],
  options: Omit<AdvantageOptions, 'baseline'>,
): number[] {
  const n = baseline.length;
  const origin = baseline[0] ?? 0;
  // Measured from one of the rewards, equal rewards are exact zeros and close ones lose no digits.
  const offsets = baseline.map((reward) => reward - origin);
  if (n < 2 || offsets.every((offset) => offset === 0)) return rewards.map(() => 0);
  const mean = offsets.reduce((sum, offset) => sum + offset, 0) / n;
  const deviations = rewards.map((reward) => reward - origin - mean);
  if (options.estimator === 'rloo') return deviations.map((deviation) => (n / (n - 1)) * deviation);
  const squares = offsets.reduce((sum, offset) => sum + (offset - mean) ** 2, 0);
  const degrees = options.deviation === 'bessel' ? n - 1 : n;
  const scale = Math.sqrt(squares / degrees) + options.epsilon;
  return deviations.map((deviation) => deviation / scale);
}
