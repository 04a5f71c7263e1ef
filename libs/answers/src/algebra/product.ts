import type { Budget } from './budget.ts';
import {
  add,
  floor,
  integerPower,
  multiply,
  one,
  type Rational,
  rational,
  reciprocal,
} from './rational.ts';
import { constant, type Factor, isNatural, type Sum, sumOf, type Term, term } from './sum.ts';

/** More terms than this are not multiplied out from a power of a sum. */
const maxTermsOfPower = 200;

/** How many terms `(t_1 + … + t_size)^exponent` has at most: `C(exponent + size - 1, size - 1)`. */
function termsOfPower(size: number, exponent: number): number {
  let count = 1;
  for (let k = 1; k < size && count <= maxTermsOfPower; k++) count *= (exponent + k) / k;
  return count;
}

/** Whether `sum^exponent` is multiplied out; otherwise it is taken whole. */
export function isExpandable(sum: Sum, exponent: Rational): boolean {
  if (!isNatural(exponent) || exponent.numerator > BigInt(maxTermsOfPower)) return false;
  return termsOfPower(sum.size, Number(exponent.numerator)) <= maxTermsOfPower;
}

/** The sum `a × b`. */
export function multiplySums(a: Sum, b: Sum, budget: Budget): Sum {
  const terms: Term[] = [];
  for (const left of a.values()) {
    for (const right of b.values()) {
      for (const each of multiplyTerms(left, right, budget).values()) terms.push(each);
    }
  }
  return sumOf(terms);
}

/** `sum^exponent` multiplied out, for a natural exponent. */
export function naturalPower(sum: Sum, exponent: number, budget: Budget): Sum {
  let result = constant(one);
  for (let i = 0; i < exponent; i++) result = multiplySums(result, sum, budget);
  return result;
}

function multiplyTerms(a: Term, b: Term, budget: Budget): Sum {
  budget.spend(1 + a.factors.length + b.factors.length);
  const coefficient = multiply(a.coefficient, b.coefficient);
  if (a.factors.length + b.factors.length === 0) return constant(coefficient);
  const factors = new Map<string, Factor>(a.factors.map((factor) => [factor.base.key, factor]));
  for (const { base, exponent } of b.factors) {
    const before = factors.get(base.key);
    factors.set(base.key, { base, exponent: before ? add(before.exponent, exponent) : exponent });
  }
  return normalProduct(coefficient, [...factors.values()], budget);
}

/**
 * The sum that a coefficient and factors make, each base once: whole powers of integers go into the
 * coefficient, natural powers of sums are multiplied out.
 */
export function normalProduct(
  coefficient: Rational,
  factors: readonly Factor[],
  budget: Budget,
): Sum {
  let value = coefficient;
  const kept: Factor[] = [];
  const sums: Sum[] = [];
  for (const { base, exponent } of factors) {
    budget.spend(1);
    if (base.kind === 'integer') {
      const root = absorbInteger(value, base.value, exponent, budget);
      value = root.coefficient;
      kept.push({ base, exponent: root.exponent });
    } else if (base.kind === 'sum' && isExpandable(base.sum, exponent)) {
      sums.push(naturalPower(base.sum, Number(exponent.numerator), budget));
    } else {
      kept.push({ base, exponent });
    }
  }
  const product = sumOf([term(value, kept)]);
  return sums.reduce((result, sum) => multiplySums(result, sum, budget), product);
}

/**
 * `coefficient × base^exponent` with an exponent in [0, 1), or, where its whole part has too many
 * digits, with all powers of the base out of the coefficient.
 */
function absorbInteger(
  coefficient: Rational,
  base: bigint,
  exponent: Rational,
  budget: Budget,
): { coefficient: Rational; exponent: Rational } {
  let [{ numerator, denominator }, whole] = [coefficient, floor(exponent)];
  const fraction = add(exponent, rational(-whole));
  if (whole === 0n) return { coefficient, exponent };
  while (numerator !== 0n && numerator % base === 0n) {
    budget.spend(1);
    [numerator, whole] = [numerator / base, whole + 1n];
  }
  while (denominator % base === 0n) {
    budget.spend(1);
    [denominator, whole] = [denominator / base, whole - 1n];
  }
  const rest = rational(numerator, denominator);
  const power = integerPower(base, whole < 0n ? -whole : whole);
  if (power === null) return { coefficient: rest, exponent: add(fraction, rational(whole)) };
  const factor = whole < 0n ? reciprocal(rational(power)) : rational(power);
  return { coefficient: multiply(rest, factor), exponent: fraction };
}
