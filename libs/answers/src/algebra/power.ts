import type { Budget } from './budget.ts';
import { factorise } from './integers.ts';
import { printSum } from './print-sum.ts';
import { isExpandable, multiplySums, naturalPower, normalProduct } from './product.ts';
import {
  compare,
  integerPower,
  isInteger,
  minusOne,
  multiply,
  negate,
  one,
  type Rational,
  rational,
  reciprocal,
  zero,
} from './rational.ts';
import {
  type Base,
  constant,
  constantOf,
  contentOf,
  type Factor,
  type Sum,
  scale,
  sumOf,
  type Term,
  term,
} from './sum.ts';

/** What factoring a number costs (steps). */
const factoringSteps = 50;

/** `base^exponent`, or null where it has no value: `1/0`, `0^0`, a fourth root of a negative number. */
export function powerOf(sum: Sum, exponent: Rational, budget: Budget): Sum | null {
  budget.spend(1);
  if (exponent.numerator === 0n) return sum.size === 0 ? null : constant(one);
  if (sum.size === 0) return exponent.numerator > 0n ? sum : null;
  const [only] = sum.values();
  if (sum.size === 1) return powerOfTerm(only!, exponent, budget);
  if (isExpandable(sum, exponent)) return naturalPower(sum, Number(exponent.numerator), budget);
  if (!isInteger(exponent)) return powerOfSeveral(sum, exponent, budget);
  const inverse = exponent.numerator < 0n ? inverseOfRoots(sum, budget) : null;
  if (inverse !== null) return powerOf(inverse, negate(exponent), budget);
  return powerOfSeveral(sum, exponent, budget);
}

/** `numerator / denominator`, or null where the denominator is 0. */
export function quotientOf(numerator: Sum, denominator: Sum, budget: Budget): Sum | null {
  const inverse = powerOf(denominator, minusOne, budget);
  return inverse && multiplySums(numerator, inverse, budget);
}

function powerOfTerm(base: Term, exponent: Rational, budget: Budget): Sum | null {
  const coefficient = powerOfNumber(base.coefficient, exponent, budget);
  if (coefficient === null) return null;
  const factors: Factor[] = [];
  const kept: Factor[] = [];
  for (const factor of base.factors) {
    // The root of x² is |x|, not x: it stays as it is.
    const isSquare = isInteger(factor.exponent) && factor.exponent.numerator % 2n === 0n;
    const losesSign = exponent.denominator % 2n === 0n && isSquare && factor.base.kind === 'atom';
    if (losesSign) kept.push(factor);
    else factors.push({ base: factor.base, exponent: multiply(factor.exponent, exponent) });
  }
  if (kept.length > 0) factors.push({ base: sumBase(sumOf([term(one, kept)])), exponent });
  return multiplySums(coefficient, normalProduct(one, factors, budget), budget);
}

function sumBase(sum: Sum): Base {
  return { kind: 'sum', key: `(${printSum(sum)})`, sum };
}

/** A power of a fraction: exact where it has one, else a product of roots of primes (and of `i`). */
function powerOfNumber(base: Rational, exponent: Rational, budget: Budget): Sum | null {
  const isNegative = base.numerator < 0n;
  const magnitude = isNegative ? negate(base) : base;
  if (isNegative && exponent.denominator % 2n === 0n && exponent.denominator !== 2n) return null;
  const isImaginary = isNegative && exponent.denominator === 2n;
  const imaginary: Factor[] = isImaginary
    ? [{ base: { kind: 'atom', key: 'i' }, exponent: rational(exponent.numerator) }]
    : [];
  const isMinus = isNegative && !isImaginary && exponent.numerator % 2n !== 0n;
  const sign = sumOf([term(isMinus ? minusOne : one, imaginary)]);
  return multiplySums(sign, powerOfPositive(magnitude, exponent, budget), budget);
}

function powerOfPositive(base: Rational, exponent: Rational, budget: Budget): Sum {
  if (isInteger(exponent)) {
    const size = exponent.numerator < 0n ? -exponent.numerator : exponent.numerator;
    const above = integerPower(base.numerator, size);
    const below = integerPower(base.denominator, size);
    if (above !== null && below !== null) {
      const value = rational(above, below);
      return constant(exponent.numerator < 0n ? reciprocal(value) : value);
    }
  }
  budget.spend(factoringSteps);
  const factorsOf = (n: bigint, sign: bigint): Factor[] =>
    factorise(n).map(([value, power]) => ({
      base: { kind: 'integer', key: `#${value}`, value },
      exponent: multiply(rational(power * sign), exponent),
    }));
  const factors = [...factorsOf(base.numerator, 1n), ...factorsOf(base.denominator, -1n)];
  return normalProduct(one, factors, budget);
}

/** A power that is not multiplied out, of a sum that is made primitive: `1/(2x+2)` is `(x+1)^{-1}/2`. */
function powerOfSeveral(sum: Sum, exponent: Rational, budget: Budget): Sum | null {
  budget.spend(sum.size);
  const common = isInteger(exponent) ? commonFactors(sum) : [];
  const undone = common.map(({ base, exponent: e }) => ({ base, exponent: negate(e) }));
  const rest = multiplySums(sum, sumOf([term(one, undone)]), budget);
  const content = contentOf(rest);
  const isFlipped = isInteger(exponent) && leadingCoefficient(rest).numerator < 0n;
  const factor = isFlipped ? negate(content) : content;
  const base = scale(rest, reciprocal(factor));
  const whole = powerOfTerm(term(factor, common), exponent, budget);
  const power = normalProduct(one, [{ base: sumBase(base), exponent }], budget);
  return whole && multiplySums(whole, power, budget);
}

/** The coefficient of the term with the greatest key: some fixed choice, the same for a sum and its double. */
function leadingCoefficient(sum: Sum): Rational {
  const leading = [...sum.values()].reduce((a, b) => (a.key > b.key ? a : b));
  return leading.coefficient;
}

/** The powers of variables that every term has: `x` of `x²+x`, `x^{-1}` of `1+1/x`. */
function commonFactors(sum: Sum): Factor[] {
  const lowest = new Map<string, Factor>();
  for (const { factors } of sum.values()) {
    for (const factor of factors) {
      const before = lowest.get(factor.base.key);
      if (before && compare(before.exponent, factor.exponent) <= 0) continue;
      lowest.set(factor.base.key, factor);
    }
  }
  return [...lowest.values()].flatMap(({ base, exponent }) => {
    const isEverywhere = [...sum.values()].every(({ factors }) =>
      factors.some((factor) => factor.base.key === base.key),
    );
    const least = isEverywhere || exponent.numerator < 0n ? exponent : zero;
    return base.kind === 'integer' || least.numerator === 0n ? [] : [{ base, exponent: least }];
  });
}

/** At most this many different square roots are cleared from a denominator. */
const maxRoots = 4;

/** `1 / (a + b√p + …)` without roots below, or null where something else than square roots is in it. */
function inverseOfRoots(sum: Sum, budget: Budget): Sum | null {
  const half = rational(1n, 2n);
  const factors = [...sum.values()].flatMap((each) => each.factors);
  const isRoots = factors.every(
    ({ base, exponent }) => base.kind === 'integer' && compare(exponent, half) === 0,
  );
  const [key] = factors.map(({ base }) => base.key);
  const numRoots = new Set(factors.map(({ base }) => base.key)).size;
  if (!isRoots || key === undefined || numRoots > maxRoots) return null;
  const has = (each: Term) => each.factors.some(({ base }) => base.key === key);
  const conjugate = sumOf(
    [...sum.values()].map((each) =>
      has(each) ? { ...each, coefficient: negate(each.coefficient) } : each,
    ),
  );
  const inverse = powerOf(multiplySums(sum, conjugate, budget), minusOne, budget);
  return inverse && multiplySums(conjugate, inverse, budget);
}

/** `base^exponent` where the exponent has a variable: `2^{n+1}` is `2 · 2^n`, `e^{-2x}` is `(e^x)^{-2}`. */
export function symbolicPower(base: Sum, exponent: Sum, budget: Budget): Sum | null {
  const value = constantOf(exponent);
  if (value !== null) return powerOf(base, value, budget);
  if (base.size === 0) return null;
  const fixed = exponent.get('')?.coefficient ?? zero;
  const rest = sumOf([...exponent.values(), term(negate(fixed), [])]);
  const content = contentOf(rest);
  const sign = leadingCoefficient(rest).numerator < 0n ? minusOne : one;
  const factor = multiply(content, sign);
  const primitive = scale(rest, reciprocal(factor));
  const text = powerText(base);
  const key = `${text}^{${printSum(primitive)}}`;
  const power = sumOf([
    term(one, [{ base: { kind: 'power', key, text, exponent: primitive }, exponent: factor }]),
  ]);
  const constantPart = powerOf(base, fixed, budget);
  return constantPart && multiplySums(constantPart, power, budget);
}

/** The base of a power, in parentheses unless it is a natural number or a variable. */
function powerText(base: Sum): string {
  const text = printSum(base);
  return /^(?:\d+|\p{L}|\\[A-Za-z]+)$/u.test(text) ? text : `(${text})`;
}
