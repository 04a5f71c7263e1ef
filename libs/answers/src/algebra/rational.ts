import { BudgetSpent } from './budget.ts';

/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Longer numbers are not computed with: exact arithmetic on model output must have a bound. */
const maxDigits = 200;
const maxExponent = 100;
const limit = 10n ** BigInt(maxDigits);

export const zero: Rational = { numerator: 0n, denominator: 1n };
export const one: Rational = { numerator: 1n, denominator: 1n };
export const minusOne: Rational = { numerator: -1n, denominator: 1n };

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x < 0n ? -x : x;
}

/** Reduces a fraction with a denominator other than 0; throws BudgetSpent beyond 200 digits. */
export function rational(numerator: bigint, denominator = 1n): Rational {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const divisor = denominator < 0n ? -denominator : denominator;
  if (magnitude >= limit || divisor >= limit) throw new BudgetSpent();
  if (denominator === 1n) return { numerator, denominator };
  const common = greatestCommonDivisor(magnitude, divisor) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / common, denominator: denominator / common };
}

/** Reads `12`, `0.50`, `.5` or `1.5e-3`; throws BudgetSpent beyond 200 digits or 10^±100. */
export function parseDecimal(text: string): Rational {
  const [digits = '', exponent = '0'] = text.toLowerCase().split('e');
  if (digits.length > maxDigits || Math.abs(Number(exponent)) > maxExponent)
    throw new BudgetSpent();
  const [whole = '', decimals = ''] = digits.split('.');
  const shift = Number(exponent) - decimals.length;
  const value = BigInt(whole + decimals);
  const factor = 10n ** BigInt(Math.abs(shift));
  return shift < 0 ? rational(value, factor) : rational(value * factor);
}

export function add(a: Rational, b: Rational): Rational {
  const numerator = a.numerator * b.denominator + b.numerator * a.denominator;
  return rational(numerator, a.denominator * b.denominator);
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** `1 / a`, where a is not 0. */
export function reciprocal(a: Rational): Rational {
  return rational(a.denominator, a.numerator);
}

export function negate(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator };
}

export function isInteger(a: Rational): boolean {
  return a.denominator === 1n;
}

export function isOne(a: Rational): boolean {
  return a.numerator === 1n && a.denominator === 1n;
}

/** The largest integer that is not above a. */
export function floor({ numerator, denominator }: Rational): bigint {
  const quotient = numerator / denominator;
  return quotient * denominator > numerator ? quotient - 1n : quotient;
}

/** Negative, 0 or positive as a is below, equal to or above b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** `base^exponent` for integers, or null when it has more than 200 digits. */
export function integerPower(base: bigint, exponent: bigint): bigint | null {
  if (base === 0n || base === 1n) return exponent === 0n ? 1n : base;
  if (base === -1n) return exponent % 2n === 0n ? 1n : -1n;
  const digits = (base < 0n ? -base : base).toString().length;
  // A number of d digits is at least 10^(d-1), and at least 2.
  if (Number(exponent) * Math.max(digits - 1, Math.log10(2)) > maxDigits) return null;
  const value = base ** exponent;
  return value < limit && value > -limit ? value : null;
}

/** `-3` or `-3/4`. */
export function formatRational({ numerator, denominator }: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}
