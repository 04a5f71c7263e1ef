/**
 * Unbiased estimate of the chance that at least one of k samples is right, from n samples of which c are:
 * `1 - C(n - c, k) / C(n, k)` (Chen et al. 2021, "Evaluating Large Language Models Trained on Code").
 *
 * @example passAtK(5, 2, 2) // -> 0.7: 1 - 3/10
 */
export function passAtK(n: number, c: number, k: number): number {
  if (k > n) throw new RangeError(`pass@${k} needs ${k} samples, there are ${n}`);
  // As a product, which stays in range where the binomials do not.
  let allWrong = 1;
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i;
  return n - c < k ? 1 : 1 - allWrong;
}

/** The k for which pass@k is told of n samples: 1, 2, 4, … and n. */
export function passCounts(n: number): number[] {
  const counts: number[] = [];
  for (let k = 1; k < n; k *= 2) counts.push(k);
  return [...counts, n];
}
