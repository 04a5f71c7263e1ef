/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Longer numbers are compared as text: exact arithmetic on model output must have a bound. */
const maxDigits = 200;
const maxExponent = 100;
const limit = 10n ** BigInt(maxDigits);

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Reduces a fraction; null when the denominator is 0 or a part has more than 200 digits. */
function rational(numerator: bigint, denominator: bigint): Rational | null {
  if (denominator === 0n) return null;
  const sign = denominator < 0n ? -1n : 1n;
  const magnitude = numerator < 0n ? -numerator : numerator;
  if (magnitude >= limit || denominator * sign >= limit) return null;
  const divisor = greatestCommonDivisor(magnitude, denominator * sign) * sign;
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** Reads `12`, `0.50` or `.5`; null for anything else or more than 200 digits. */
export function parseDecimal(text: string): Rational | null {
  if (text.length > maxDigits || !/^(?:\d+(?:\.\d+)?|\.\d+)$/.test(text)) return null;
  const [whole = '', decimals = ''] = text.split('.');
  return rational(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
}

export function divide(a: Rational, b: Rational): Rational | null {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

export function add(a: Rational, b: Rational): Rational | null {
  const numerator = a.numerator * b.denominator + b.numerator * a.denominator;
  return rational(numerator, a.denominator * b.denominator);
}

export function negate(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator };
}

/** `a × 10^exponent`; null beyond 10^±100. */
export function scaleByTen(a: Rational, exponent: number): Rational | null {
  if (!Number.isInteger(exponent) || Math.abs(exponent) > maxExponent) return null;
  const factor = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0
    ? rational(a.numerator, a.denominator * factor)
    : rational(a.numerator * factor, a.denominator);
}

/** `-3` or `-3/4`. */
export function formatRational({ numerator, denominator }: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}
