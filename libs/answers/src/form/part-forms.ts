import type { Budget } from '../algebra/budget.ts';
import { printSum } from '../algebra/print-sum.ts';
import { constantOf, type Sum } from '../algebra/sum.ts';
import { readExpression } from '../expression/expression-reader.ts';
import { isMark } from '../latex/latex-tokens.ts';
import { type Part, symbolOf } from '../latex/latex-tree.ts';
import { elementsOf, unwrapped } from './groups.ts';
import { relationValue } from './relations.ts';
import { plainTextOf } from './text-form.ts';
import { withoutUnit } from './units.ts';
import { type Forms, textValue, type Value } from './value.ts';

const setOperators = new Set(['\\cup', '\\cap', '\\setminus']);

/** The forms of an answer's parts, each worked out once: a part is asked for by everything that holds it. */
export class PartForms implements Forms {
  readonly budget: Budget;
  private readonly values = new Map<Part, Value>();
  private readonly expressions = new Map<Part, Sum | null>();
  private hasArithmetic = false;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  valueOf(part: Part): Value {
    const known = this.values.get(part);
    if (known) return known;
    this.budget.spend(1 + part.length);
    const value = this.readValue(part);
    this.values.set(part, value);
    return value;
  }

  textOf(part: Part): string {
    return this.valueOf(part).text;
  }

  expressionOf(part: Part): Sum | null {
    const known = this.expressions.get(part);
    if (known !== undefined) return known;
    const sum = this.readSum(withoutUnit(part));
    this.expressions.set(part, sum);
    return sum;
  }

  /** `1+2` is no expression: it is what was asked, and whoever repeats the question has not answered it. */
  private readSum(part: Part): Sum | null {
    const outer = this.hasArithmetic;
    this.hasArithmetic = false;
    const sum = readExpression(part, {
      budget: this.budget,
      onArithmetic: () => {
        this.hasArithmetic = true;
      },
      textOf: (inner) => this.textOf(inner),
    });
    const isComputation = this.hasArithmetic && sum !== null && constantOf(sum) !== null;
    this.hasArithmetic = outer;
    return isComputation ? null : sum;
  }

  private readValue(part: Part): Value {
    if (isMark(part.at(-1), '%') && part.length > 1) {
      return textValue(`${this.textOf(part.slice(0, -1))}%`);
    }
    const relation = relationValue(part, this);
    if (relation) return relation;
    const union = this.readSetOperation(part);
    if (union !== null) return textValue(union);
    const bare = withoutUnit(part);
    const sum = this.expressionOf(bare);
    if (sum) return { ...textValue(printSum(sum)), number: constantOf(sum) };
    const inner = unwrapped(bare);
    if (inner?.length === 1) return this.valueOf(inner[0]!);
    const [node] = bare;
    const elements = bare.length === 1 ? elementsOf(node, this) : null;
    return { ...textValue(plainTextOf(bare, this)), elements };
  }

  /** `A \cup B` with its parts in canonical form, those of a union or an intersection sorted; or null. */
  private readSetOperation(part: Part): string | null {
    const operators = part.map(symbolOf).filter((symbol) => setOperators.has(symbol));
    const [operator] = operators;
    if (operator === undefined) return null;
    const sides: Part[] = [[]];
    for (const node of part) {
      if (setOperators.has(symbolOf(node))) sides.push([]);
      else sides[sides.length - 1] = [...sides.at(-1)!, node];
    }
    if (sides.some((side) => side.length === 0)) return null;
    const texts = sides.map((side) => this.textOf(side));
    const isOneKind = operators.every((each) => each === operator) && operator !== '\\setminus';
    const ordered = isOneKind ? [...new Set(texts)].sort() : texts;
    return ordered.reduce((text, side, i) => {
      const symbol = isOneKind ? operator : operators[i - 1]!;
      return `${text}${symbol}${/^\p{L}/u.test(side) ? ' ' : ''}${side}`;
    });
  }
}
