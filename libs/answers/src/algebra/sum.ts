import type { Budget } from './budget.ts';
import {
  add,
  isInteger,
  multiply,
  negate,
  one,
  type Rational,
  rational,
  zero,
} from './rational.ts';

/**
 * What is raised to a power in a term. Bases are equal when their keys are.
 *
 * `integer`: a prime (or a number too large to factor) under a root or with a huge exponent; `atom`: a
 * variable, a constant or anything else taken whole, as it prints; `sum`: several terms that are not
 * multiplied out; `power`: `text^exponent`, where the exponent has a variable in it.
 */
export type Base =
  | { readonly kind: 'integer'; readonly key: string; readonly value: bigint }
  | { readonly kind: 'atom'; readonly key: string }
  | { readonly kind: 'sum'; readonly key: string; readonly sum: Sum }
  | { readonly kind: 'power'; readonly key: string; readonly text: string; readonly exponent: Sum };

export interface Factor {
  readonly base: Base;
  readonly exponent: Rational;
}

/** `coefficient × product of factors`; the factors are sorted by key. */
export interface Term {
  readonly key: string;
  readonly coefficient: Rational;
  readonly factors: readonly Factor[];
}

/** Terms by their key, no coefficient 0; the empty sum is 0. */
export type Sum = ReadonlyMap<string, Term>;

const exponentKey = ({ numerator, denominator }: Rational) => `${numerator}/${denominator}`;

const byKey = (a: { base: Base }, b: { base: Base }) =>
  a.base.key < b.base.key ? -1 : a.base.key > b.base.key ? 1 : 0;

/** A term from factors in any order, each base once. */
export function term(coefficient: Rational, factors: readonly Factor[]): Term {
  const sorted = factors.filter(({ exponent }) => exponent.numerator !== 0n).sort(byKey);
  const key = sorted.map(({ base, exponent }) => `${base.key}^${exponentKey(exponent)}`).join('*');
  return { key, coefficient, factors: sorted };
}

export function sumOf(terms: readonly Term[]): Sum {
  const result = new Map<string, Term>();
  for (const each of terms) {
    const before = result.get(each.key);
    const coefficient = before ? add(before.coefficient, each.coefficient) : each.coefficient;
    if (coefficient.numerator === 0n) result.delete(each.key);
    else result.set(each.key, { ...each, coefficient });
  }
  return result;
}

export function constant(value: Rational): Sum {
  return sumOf([term(value, [])]);
}

/** A variable, or anything that is taken whole, as it prints. */
export function atom(text: string): Sum {
  return sumOf([term(one, [{ base: { kind: 'atom', key: text }, exponent: one }])]);
}

/** The value of a sum without factors, or null. */
export function constantOf(sum: Sum): Rational | null {
  if (sum.size === 0) return zero;
  return sum.size === 1 ? (sum.get('')?.coefficient ?? null) : null;
}

export function addSums(a: Sum, b: Sum, budget: Budget): Sum {
  budget.spend(a.size + b.size);
  return sumOf([...a.values(), ...b.values()]);
}

export function scale(sum: Sum, factor: Rational): Sum {
  return sumOf(
    [...sum.values()].map((each) => ({ ...each, coefficient: multiply(each.coefficient, factor) })),
  );
}

export function subtract(a: Sum, b: Sum, budget: Budget): Sum {
  return addSums(a, scale(b, negate(one)), budget);
}

/** What two sums have multiplied in common: the greatest factor that leaves integers, always positive. */
export function contentOf(sum: Sum): Rational {
  let content: Rational | null = null;
  for (const { coefficient } of sum.values()) {
    content = content === null ? magnitude(coefficient) : commonPart(content, coefficient);
  }
  return content ?? one;
}

function magnitude(a: Rational): Rational {
  return a.numerator < 0n ? negate(a) : a;
}

/** `gcd(a/b, c/d) = gcd(ad, cb) / bd`. */
function commonPart(a: Rational, b: Rational): Rational {
  let [x, y] = [a.numerator * b.denominator, magnitude(b).numerator * a.denominator];
  while (y !== 0n) [x, y] = [y, x % y];
  return rational(x, a.denominator * b.denominator);
}

/** Whether a factor can be multiplied out: `(x+1)^2`, but not `(x+1)^{-1}` or `(x+1)^{1/2}`. */
export function isNatural(exponent: Rational): boolean {
  return isInteger(exponent) && exponent.numerator > 0n;
}
