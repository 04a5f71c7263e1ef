/** A positive integer as a product; every base occurs once, exponents are positive. */
export type Factorisation = readonly (readonly [base: bigint, exponent: bigint])[];

const largestTrialDivisor = 1000n;
const trialDivisors: readonly bigint[] = primesUpTo(Number(largestTrialDivisor)).map(BigInt);

function primesUpTo(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate <= limit; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** The largest integer whose k-th power is not above n (Newton's method from above). */
function integerRoot(n: bigint, k: bigint): bigint {
  let x = 1n << (BigInt(n.toString(2).length) / k + 1n);
  for (;;) {
    const next = ((k - 1n) * x + n / x ** (k - 1n)) / k;
    if (next >= x) return x;
    x = next;
  }
}

/** The remainder after trial division as a power, where it is a second, third, fifth or seventh one. */
function asPower(n: bigint): readonly [base: bigint, exponent: bigint] {
  let [base, exponent] = [n, 1n];
  for (const k of [2n, 3n, 5n, 7n]) {
    for (;;) {
      const root = integerRoot(base, k);
      if (root === 1n || root ** k !== base) break;
      [base, exponent] = [root, exponent * k];
    }
  }
  return [base, exponent];
}

/**
 * The prime factors of a positive integer, as far as divisors up to 1,000 and perfect powers find them; a
 * factor beyond stays whole, which can keep two spellings of a root apart but never brings two values
 * together.
 */
export function factorise(n: bigint): Factorisation {
  const factors: [bigint, bigint][] = [];
  let rest = n;
  for (const prime of trialDivisors) {
    if (rest === 1n) break;
    let exponent = 0n;
    while (rest % prime === 0n) {
      rest /= prime;
      exponent += 1n;
    }
    if (exponent > 0n) factors.push([prime, exponent]);
  }
  if (rest > 1n) factors.push([...asPower(rest)]);
  return factors;
}
