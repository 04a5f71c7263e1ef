import type { Budget } from '../algebra/budget.ts';
import type { Rational } from '../algebra/rational.ts';
import type { Sum } from '../algebra/sum.ts';
import type { Part } from '../latex/latex-tree.ts';

/** What a part of an answer says. */
export interface Value {
  /** Its canonical text: values are equal when these are. */
  readonly text: string;
  /** Its worth, where it is nothing but a number. */
  readonly number: Rational | null;
  /** The name it was assigned to, as the `x_1` of `x_1 = 5`. */
  readonly name: string | null;
  /** Whether it is an interval that was written as an inequality. */
  readonly isRange: boolean;
  /** Its elements, in order, where it is a set or a list in braces. */
  readonly elements: readonly Value[] | null;
}

/** A value that is nothing but its text. */
export function textValue(text: string): Value {
  return { text, number: null, name: null, isRange: false, elements: null };
}

/** What the forms of relations, groups and the rest need of each other. */
export interface Forms {
  readonly budget: Budget;
  valueOf(part: Part): Value;
  textOf(part: Part): string;
  /** The part as a sum of terms, or null when it is no expression. */
  expressionOf(part: Part): Sum | null;
}
