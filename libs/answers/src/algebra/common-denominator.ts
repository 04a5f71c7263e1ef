import type { Budget } from './budget.ts';
import { quotientOf } from './power.ts';
import { multiplySums, normalProduct } from './product.ts';
import {
  add,
  compare,
  multiply,
  negate,
  one,
  type Rational,
  reciprocal,
  zero,
} from './rational.ts';
import { addSums, constant, type Factor, type Sum } from './sum.ts';
import {
  commonDivisor,
  commonVariable,
  divide,
  sumOfUnivariate,
  univariateOf,
} from './univariate.ts';

/** The lowest power of each base below the line, over all terms; null where no sum stands there. */
function denominatorFactors(sum: Sum): readonly Factor[] | null {
  const lowest = new Map<string, Factor>();
  for (const { factors } of sum.values()) {
    for (const factor of factors) {
      if (factor.base.kind === 'integer' || factor.exponent.numerator > 0n) continue;
      const before = lowest.get(factor.base.key);
      if (!before || compare(factor.exponent, before.exponent) < 0) {
        lowest.set(factor.base.key, factor);
      }
    }
  }
  const factors = [...lowest.values()];
  return factors.some(({ base }) => base.kind === 'sum') ? factors : null;
}

/** A sum times powers of bases, each term brought to its normal form. */
function timesFactors(sum: Sum, factors: readonly Factor[], budget: Budget): Sum {
  let result: Sum = new Map();
  for (const each of sum.values()) {
    const exponents = new Map<string, Factor>(each.factors.map((f) => [f.base.key, f]));
    for (const { base, exponent } of factors) {
      const before = exponents.get(base.key)?.exponent ?? zero;
      exponents.set(base.key, { base, exponent: add(before, exponent) });
    }
    const kept = [...exponents.values()].filter(({ exponent }) => exponent.numerator !== 0n);
    result = addSums(result, normalProduct(each.coefficient, kept, budget), budget);
  }
  return result;
}

/** The number that one sum is times the other, or null. */
function ratioOf(a: Sum, b: Sum): Rational | null {
  const [first] = b.values();
  const above = first && a.get(first.key)?.coefficient;
  if (above === undefined || a.size !== b.size) return null;
  const ratio = multiply(above, reciprocal(first!.coefficient));
  const isSame = [...b.values()].every(({ key, coefficient }) => {
    const other = a.get(key)?.coefficient;
    return other !== undefined && compare(other, multiply(coefficient, ratio)) === 0;
  });
  return isSame ? ratio : null;
}

/**
 * A sum of fractions over one denominator, in lowest terms where one variable is in it:
 * `1/x + 1/(x+1)` and `(2x+1)/(x²+x)` are one, as are `(x²-1)/(x-1)` and `x+1`.
 */
export function overCommonDenominator(sum: Sum, budget: Budget): Sum | null {
  const factors = denominatorFactors(sum);
  if (factors === null) return sum;
  const inverted = factors.map(({ base, exponent }) => ({ base, exponent: negate(exponent) }));
  const numerator = timesFactors(sum, inverted, budget);
  const denominator = inverted.reduce<Sum>(
    (product, factor) => multiplySums(product, normalProduct(one, [factor], budget), budget),
    constant(one),
  );
  const ratio = ratioOf(numerator, denominator);
  if (ratio !== null) return constant(ratio);
  const variable = commonVariable([numerator, denominator]);
  if (variable === null || numerator.size === 0) return quotientOf(numerator, denominator, budget);
  const [above, below] = [univariateOf(numerator), univariateOf(denominator)];
  const divisor = commonDivisor(above, below, budget);
  const reduced = [above, below].map((polynomial) =>
    sumOfUnivariate(divide(polynomial, divisor, budget).quotient, variable),
  );
  return quotientOf(reduced[0]!, reduced[1]!, budget);
}
