import { overCommonDenominator } from '../algebra/common-denominator.ts';
import { quotientOf, symbolicPower } from '../algebra/power.ts';
import { printSum } from '../algebra/print-sum.ts';
import { multiplySums } from '../algebra/product.ts';
import { minusOne, zero } from '../algebra/rational.ts';
import { addSums, atom, constant, constantOf, type Sum, scale, subtract } from '../algebra/sum.ts';
import { isMark } from '../latex/latex-tokens.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';
import { readCommand, readName } from './commands.ts';
import { factorial } from './functions.ts';
import { decimalAt, mixedNumberAt } from './numbers.ts';
import type { ExpressionContext, Reader } from './reader.ts';
import { splitVariables } from './variables.ts';

const timesSigns = new Set(['cdot', 'times', 'div']);

function isTimes(node: LatexNode | undefined): boolean {
  return node?.kind === 'command' && timesSigns.has(node.text);
}

/** Reads the nodes of one part as a sum; null stands for anything that is no expression. */
class ExpressionReader implements Reader {
  private readonly nodes: Part;
  readonly context: ExpressionContext;
  private position = 0;

  constructor(part: Part, context: ExpressionContext) {
    this.nodes = splitVariables(part);
    this.context = context;
  }

  /** The whole part, or null. */
  readAll(): Sum | null {
    const sum = this.readSum(() => this.position >= this.nodes.length);
    return this.position >= this.nodes.length ? sum : null;
  }

  get next(): LatexNode | undefined {
    return this.nodes[this.position];
  }

  advance(): void {
    this.position += 1;
  }

  take(text: string): boolean {
    if (!isMark(this.next, text)) return false;
    this.position += 1;
    return true;
  }

  /** `±t ± t …` up to the end. */
  private readSum(isEnd: () => boolean): Sum | null {
    let sum: Sum = constant(zero);
    for (let isFirst = true; ; isFirst = false) {
      const isNegative = this.take('-');
      if (!isNegative && !this.take('+') && !isFirst) return isEnd() ? sum : null;
      const product = this.readProduct();
      if (product === null) return null;
      const { budget } = this.context;
      if (!isFirst && constantOf(sum) && constantOf(product)) this.context.onArithmetic();
      sum = isNegative ? subtract(sum, product, budget) : addSums(sum, product, budget);
      if (isEnd()) return sum;
    }
  }

  /** Factors side by side, or with a sign of multiplication or division between. */
  private readProduct(): Sum | null {
    let product = this.readFactor();
    while (product !== null && this.next !== undefined) {
      const isDivision =
        isMark(this.next, '/') || (this.next.kind === 'command' && this.next.text === 'div');
      const isExplicit = isDivision || isTimes(this.next);
      if (!isExplicit && !this.startsFactor()) return product;
      if (isExplicit) this.position += 1;
      const isNegative = isExplicit && this.take('-');
      const isScientific = this.isPowerOfTen();
      const factor = this.readFactor();
      if (factor === null) return null;
      const { budget } = this.context;
      const areNumbers = constantOf(product) !== null && constantOf(factor) !== null;
      if (areNumbers && !isDivision && !isScientific) this.context.onArithmetic();
      product = isDivision
        ? quotientOf(product, factor, budget)
        : multiplySums(product, factor, budget);
      if (isNegative && product) product = scale(product, minusOne);
    }
    return product;
  }

  private isPowerOfTen(): boolean {
    const node = this.next;
    const isTen = node?.kind === 'number' && node.text === '10';
    return isTen && isMark(this.nodes[this.position + 1], '^');
  }

  /** Whether the next node may follow a factor without a sign; a second number may not: `1 2` is not 12 or 2. */
  private startsFactor(): boolean {
    const node = this.next;
    if (node?.kind === 'mark') return node.text === '|' && !this.isInBars;
    return node?.kind !== 'number';
  }

  readFactor(): Sum | null {
    let value = this.readPrimary();
    while (value !== null && this.next?.kind === 'mark') {
      if (this.take('!')) value = factorial(value);
      else if (this.take('°')) value = multiplySums(value, atom('°'), this.context.budget);
      else if (this.take('^')) value = this.readPower(value);
      else return value;
    }
    return value;
  }

  private readPower(base: Sum): Sum | null {
    const exponent = this.readExponent();
    return exponent && symbolicPower(base, exponent, this.context.budget);
  }

  /** What stands after `^`: a group, a letter, a whole number, or either with a sign. */
  readExponent(): Sum | null {
    const isNegative = this.take('-');
    const node = this.next;
    const isSingle =
      node?.kind === 'number' || node?.kind === 'letters' || node?.kind === 'fraction';
    const value = isSingle ? this.readPrimary() : node ? this.readNode(node) : null;
    return value && isNegative ? scale(value, minusOne) : value;
  }

  readPrimary(): Sum | null {
    const node = this.next;
    if (node === undefined) return null;
    if (node.kind === 'number') {
      const read = mixedNumberAt(this.nodes, this.position) ?? decimalAt(this.nodes, this.position);
      if (read === null) return null;
      this.position += read.length;
      return constant(read.value);
    }
    return this.readNode(node);
  }

  private readNode(node: LatexNode): Sum | null {
    this.position += 1;
    switch (node.kind) {
      case 'letters':
        return node.text.length === 1 || /^\p{Lu}+$/u.test(node.text)
          ? readName(node.text, this)
          : null;
      case 'fraction': {
        const [numerator, denominator] = [this.read(node.numerator), this.read(node.denominator)];
        return numerator && denominator && quotientOf(numerator, denominator, this.context.budget);
      }
      case 'group':
        return this.readGroup(node);
      case 'command':
        return readCommand(node.text, this);
      case 'mark':
        return node.text === '|' ? this.readAbsolute() : null;
      default:
        return null;
    }
  }

  read(part: Part): Sum | null {
    return readExpression(part, this.context);
  }

  private readGroup({ open, close, parts }: LatexNode & { kind: 'group' }): Sum | null {
    const [only] = parts;
    const value = parts.length === 1 && only ? this.read(only) : null;
    if (value === null) return null;
    if (open === '{' || (open === '(' && close === ')') || (open === '[' && close === ']')) {
      return value;
    }
    const isRounding = open === '\\lfloor' || open === '\\lceil';
    return isRounding ? atom(`${open} ${printSum(value)}${close}`) : null;
  }

  private isInBars = false;

  /** `|x|` up to the next bar; of a number, its absolute value. */
  private readAbsolute(): Sum | null {
    if (this.isInBars) return null;
    this.isInBars = true;
    const value = this.readSum(() => isMark(this.next, '|'));
    this.isInBars = false;
    if (value === null || !this.take('|')) return null;
    const number = constantOf(value);
    if (number === null) return atom(`|${printSum(value)}|`);
    return constant({
      ...number,
      numerator: number.numerator < 0n ? -number.numerator : number.numerator,
    });
  }
}

/**
 * The value of a part as a sum of terms, or null when it is no expression: text, relations, intervals.
 * Throws BudgetSpent where it costs too much.
 */
export function readExpression(part: Part, context: ExpressionContext): Sum | null {
  context.budget.spend(1 + part.length);
  const sum = new ExpressionReader(part, context).readAll();
  return sum && overCommonDenominator(sum, context.budget);
}
