import type { Budget } from './budget.ts';
import { add, multiply, negate, type Rational, rational, reciprocal, zero } from './rational.ts';
import { type Base, isNatural, type Sum, sumOf, term } from './sum.ts';

/** A polynomial in one variable: the coefficient of x^k at index k, the last one not 0. */
export type Univariate = readonly Rational[];

const maxDegree = 100n;

/** The variables of two sums together are at most one: that variable; null where there are more, or none. */
export function commonVariable(sums: readonly Sum[]): Base | null {
  const bases = new Map<string, Base>();
  for (const sum of sums) {
    for (const { factors } of sum.values()) {
      for (const { base, exponent } of factors) {
        if (base.kind !== 'atom' || !isNatural(exponent) || exponent.numerator > maxDegree)
          return null;
        bases.set(base.key, base);
      }
    }
  }
  const [variable, ...others] = bases.values();
  return others.length === 0 ? (variable ?? null) : null;
}

/** The coefficients of a sum whose only variable is known. */
export function univariateOf(sum: Sum): Univariate {
  const coefficients: Rational[] = [];
  for (const { coefficient, factors } of sum.values()) {
    const degree = Number(factors[0]?.exponent.numerator ?? 0n);
    while (coefficients.length <= degree) coefficients.push(zero);
    coefficients[degree] = coefficient;
  }
  return coefficients;
}

export function sumOfUnivariate(polynomial: Univariate, variable: Base): Sum {
  const terms = polynomial.map((coefficient, k) =>
    term(coefficient, [{ base: variable, exponent: rational(BigInt(k)) }]),
  );
  return sumOf(terms.filter(({ coefficient }) => coefficient.numerator !== 0n));
}

/** `a = b × quotient + remainder`, where b is not 0. */
export function divide(
  a: Univariate,
  b: Univariate,
  budget: Budget,
): { quotient: Univariate; remainder: Univariate } {
  const rest = [...a];
  const inverse = reciprocal(b.at(-1)!);
  const quotient: Rational[] = Array(Math.max(0, a.length - b.length + 1)).fill(zero);
  while (rest.length >= b.length) {
    budget.spend(b.length);
    const shift = rest.length - b.length;
    const factor = multiply(rest.at(-1)!, inverse);
    quotient[shift] = factor;
    b.forEach((coefficient, k) => {
      rest[shift + k] = add(rest[shift + k]!, negate(multiply(factor, coefficient)));
    });
    while (rest.length > 0 && rest.at(-1)!.numerator === 0n) rest.pop();
  }
  return { quotient, remainder: rest };
}

/** The greatest common divisor by Euclid's algorithm, up to a number. */
export function commonDivisor(a: Univariate, b: Univariate, budget: Budget): Univariate {
  let [x, y] = [a, b];
  while (y.length > 0) {
    // Monic remainders keep the coefficients short.
    const { remainder } = divide(x, y, budget);
    const leading = remainder.at(-1);
    const scale = leading && reciprocal(leading);
    [x, y] = [y, scale ? remainder.map((coefficient) => multiply(coefficient, scale)) : []];
  }
  return x;
}
