import type { Budget } from '../algebra/budget.ts';
import { powerOf, symbolicPower } from '../algebra/power.ts';
import { printSum } from '../algebra/print-sum.ts';
import { isInteger, minusOne, type Rational, rational, reciprocal } from '../algebra/rational.ts';
import { atom, constant, constantOf, type Sum } from '../algebra/sum.ts';

/** Factorials and binomials of larger numbers are taken whole. */
const maxEvaluated = 60n;

function naturalOf(sum: Sum): bigint | null {
  const value = constantOf(sum);
  const isSmall = value !== null && isInteger(value) && value.numerator >= 0n;
  return isSmall && value.numerator <= maxEvaluated ? value.numerator : null;
}

/** `n!`, evaluated up to 60. */
export function factorial(sum: Sum): Sum {
  const n = naturalOf(sum);
  const text = printSum(sum);
  if (n === null) return atom(/^(?:\d+|\p{L})$/u.test(text) ? `${text}!` : `(${text})!`);
  let product = 1n;
  for (let k = 2n; k <= n; k++) product *= k;
  return constant(rational(product));
}

/** `\binom{n}{k}`, evaluated up to n = 60. */
export function binomial(upper: Sum, lower: Sum): Sum {
  const [n, k] = [naturalOf(upper), naturalOf(lower)];
  if (n === null || k === null) return atom(`\\binom{${printSum(upper)}}{${printSum(lower)}}`);
  let result = k > n ? 0n : 1n;
  for (let i = 1n; i <= k && result > 0n; i++) result = (result * (n - i + 1n)) / i;
  return constant(rational(result));
}

/** The root of a degree, `\sqrt[n]{x}`: a power with the reciprocal exponent. */
export function rootOf(argument: Sum, degree: Sum, budget: Budget): Sum | null {
  const index: Rational | null = constantOf(degree);
  if (index?.numerator === 0n) return null;
  if (index !== null) return powerOf(argument, reciprocal(index), budget);
  const exponent = powerOf(degree, minusOne, budget);
  return exponent && symbolicPower(argument, exponent, budget);
}
