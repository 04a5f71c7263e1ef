import type { Budget } from '../algebra/budget.ts';
import { orderedTerms, printSum } from '../algebra/print-sum.ts';
import { minusOne, multiply, negate, one, type Rational, reciprocal } from '../algebra/rational.ts';
import {
  constantOf,
  contentOf,
  type Factor,
  type Sum,
  scale,
  subtract,
  sumOf,
} from '../algebra/sum.ts';

const constants = new Set(['\\pi', 'e', '\\infty']);

function isVariable({ base }: Factor): boolean {
  return base.kind !== 'integer' && !constants.has(base.key);
}

/** The variables of a sum; null where something else than variables and constants is in it. */
export function variablesOf(sum: Sum): ReadonlySet<string> | null {
  const names = new Set<string>();
  for (const { factors } of sum.values()) {
    for (const factor of factors) {
      if (!isVariable(factor)) continue;
      if (factor.base.kind !== 'atom') return null;
      names.add(factor.base.key);
    }
  }
  return names;
}

/** Its value from `sum = 0` for a variable that stands alone in one term, with a number before it. */
interface Solution {
  readonly value: Sum;
  /** The number before the variable. */
  readonly coefficient: Rational;
}

function solveFor(variable: string, sum: Sum, budget: Budget): Solution | null {
  const has = (factors: readonly Factor[]) => factors.some(({ base }) => base.key === variable);
  const [only, ...others] = [...sum.values()].filter(({ factors }) => has(factors));
  const [factor] = only?.factors ?? [];
  const isAlone = others.length === 0 && only?.factors.length === 1;
  if (!isAlone || factor === undefined || multiply(factor.exponent, one).numerator !== 1n)
    return null;
  if (factor.exponent.denominator !== 1n) return null;
  const { coefficient } = only;
  const rest = subtract(sum, sumOf([only]), budget);
  return { value: scale(rest, negate(reciprocal(coefficient))), coefficient };
}

/** The only variable of `sum = 0` and what it is, where it is linear in it. */
export function solveLinear(sum: Sum, budget: Budget): (Solution & { variable: string }) | null {
  const [variable, ...others] = variablesOf(sum) ?? [];
  if (variable === undefined || others.length > 0) return null;
  const solution = solveFor(variable, sum, budget);
  return solution && { ...solution, variable };
}

/** A line or curve in x and y as `y = f(x)`, or null. */
export function solveForY(sum: Sum, budget: Budget): Sum | null {
  const names = variablesOf(sum);
  if (names?.size !== 2 || !names.has('x') || !names.has('y')) return null;
  return solveFor('y', sum, budget)?.value ?? null;
}

/** `sum ∘ 0` divided by its content, with a positive leading term; `isFlipped` where its sign changed. */
export function normalEquation(sum: Sum): { text: string; isFlipped: boolean } | null {
  if (constantOf(sum) !== null) return null;
  const isFlipped = orderedTerms(sum)[0]!.coefficient.numerator < 0n;
  const factor = multiply(reciprocal(contentOf(sum)), isFlipped ? minusOne : one);
  return { text: printSum(scale(sum, factor)), isFlipped };
}
