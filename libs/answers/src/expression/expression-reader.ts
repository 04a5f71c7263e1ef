import type { Budget } from '../algebra/budget.ts';
import { quotientOf, symbolicPower } from '../algebra/power.ts';
import { printSum } from '../algebra/print-sum.ts';
import { multiplySums } from '../algebra/product.ts';
import { minusOne, one } from '../algebra/rational.ts';
import { addSums, atom, constant, constantOf, type Sum, scale, subtract } from '../algebra/sum.ts';
import { isMark } from '../latex/latex-tokens.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';
import { functionNames, isConstantName } from './command-names.ts';
import { binomial, factorial, rootOf } from './functions.ts';
import { decimalAt, mixedNumberAt } from './numbers.ts';
import { splitVariables } from './variables.ts';

/** What reading an expression needs from outside. */
export interface ExpressionContext {
  readonly budget: Budget;
  /** Called where two plain numbers are added or multiplied: `1+2` is a computation, not its result. */
  onArithmetic(): void;
  /** The canonical text of a subscript or of what stands under an accent. */
  textOf(part: Part): string;
}

const accents = new Set([
  'overline',
  'vec',
  'hat',
  'tilde',
  'overrightarrow',
  'angle',
  'dot',
  'ddot',
]);
const timesSigns = new Set(['cdot', 'times', 'div']);

function isTimes(node: LatexNode | undefined): boolean {
  return node?.kind === 'command' && timesSigns.has(node.text);
}

/** `f(x+1)`, and `I(0)` or `W(n)`: letters before a single number or letter in parentheses name a function. */
function isCallOf(name: string, { open, close, parts }: LatexNode & { kind: 'group' }): boolean {
  if (open !== '(' || close !== ')') return false;
  const [first, ...more] = parts[0]!;
  const isSingle = more.length === 0 && (first?.kind === 'number' || first?.kind === 'letters');
  return /^[fgh]/.test(name) || (isSingle && parts.length === 1);
}

/** Reads the nodes of one part as a sum; null stands for anything that is no expression. */
class ExpressionReader {
  private readonly nodes: Part;
  private readonly context: ExpressionContext;
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

  private get next(): LatexNode | undefined {
    return this.nodes[this.position];
  }

  private take(text: string): boolean {
    if (!isMark(this.next, text)) return false;
    this.position += 1;
    return true;
  }

  /** `±t ± t …` up to the end. */
  private readSum(isEnd: () => boolean): Sum | null {
    let sum: Sum = constant({ numerator: 0n, denominator: 1n });
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

  private readFactor(): Sum | null {
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
  private readExponent(): Sum | null {
    const isNegative = this.take('-');
    const node = this.next;
    const isSingle =
      node?.kind === 'number' || node?.kind === 'letters' || node?.kind === 'fraction';
    const value = isSingle ? this.readPrimary() : node ? this.readNode(node) : null;
    return value && isNegative ? scale(value, minusOne) : value;
  }

  private readPrimary(): Sum | null {
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
          ? this.readName(node.text)
          : null;
      case 'fraction': {
        const [numerator, denominator] = [this.read(node.numerator), this.read(node.denominator)];
        return numerator && denominator && quotientOf(numerator, denominator, this.context.budget);
      }
      case 'group':
        return this.readGroup(node);
      case 'command':
        return this.readCommand(node.text);
      case 'mark':
        return node.text === '|' ? this.readAbsolute() : null;
      default:
        return null;
    }
  }

  private read(part: Part): Sum | null {
    return readExpression(part, this.context);
  }

  /** A variable with its subscript and, for f, g and h, its argument. */
  private readName(name: string): Sum | null {
    let text = name;
    if (this.take('_')) {
      const node = this.next;
      if (node === undefined || node.kind === 'mark') return null;
      this.position += 1;
      const subscript =
        node.kind === 'group'
          ? node.parts.map((part) => this.context.textOf(part)).join(',')
          : this.context.textOf([node]);
      text += `_${subscript.length === 1 ? subscript : `{${subscript}}`}`;
    }
    while (this.take("'")) text += "'";
    const node = this.next;
    const isCall = node?.kind === 'group' && isCallOf(name, node);
    if (!isCall) return atom(text);
    this.position += 1;
    const parts = node.parts.map((part) => this.context.textOf(part));
    return atom(`${text}(${parts.join(',')})`);
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

  private readCommand(name: string): Sum | null {
    if (name === 'sqrt') return this.readRoot();
    if (name === 'binom') return this.readBinomial();
    if (functionNames.has(name)) return this.readFunction(name);
    if (isConstantName(name)) return this.readName(`\\${name}`);
    const node = this.next;
    if (!accents.has(name) || node === undefined || node.kind === 'mark') return null;
    this.position += 1;
    const inside = node.kind === 'group' && node.open === '{' ? node.parts[0]! : [node];
    return atom(`\\${name}{${this.context.textOf(inside)}}`);
  }

  private readRoot(): Sum | null {
    const index = this.next;
    const hasIndex = index?.kind === 'group' && index.open === '[' && index.close === ']';
    if (hasIndex) this.position += 1;
    const degree = hasIndex
      ? this.read(index.parts[0]!)
      : constant({ numerator: 2n, denominator: 1n });
    const argument = this.readPrimary();
    return degree && argument && rootOf(argument, degree, this.context.budget);
  }

  private readBinomial(): Sum | null {
    const upper = this.readPrimary();
    const lower = upper && this.readPrimary();
    return upper && lower && binomial(upper, lower);
  }

  /** `\sin x`, `\sin^2 2x`, `\log_2 3`, `\ln(x+1)`: the function of what follows, taken whole. */
  private readFunction(name: string): Sum | null {
    let text = `\\${name}`;
    if (this.take('_')) {
      const base = this.readExponent();
      if (base === null) return null;
      text += `_{${printSum(base)}}`;
    }
    const exponent = this.take('^') ? this.readExponent() : constant(one);
    if (exponent === null) return null;
    const isInverse = constantOf(exponent)?.numerator === -1n && /^\\(?:sin|cos|tan)$/.test(text);
    const argument = this.readArgument();
    if (argument === null) return null;
    const value = atom(`${isInverse ? text.replace('\\', '\\arc') : text}(${printSum(argument)})`);
    return isInverse ? value : symbolicPower(value, exponent, this.context.budget);
  }

  /** A group, or the numbers, letters, fractions and roots up to the next sign or function. */
  private readArgument(): Sum | null {
    if (this.next?.kind === 'group') return this.readPrimary();
    let argument = this.readFactor();
    while (argument !== null && this.continuesArgument()) {
      const factor = this.readFactor();
      if (factor === null) return null;
      argument = multiplySums(argument, factor, this.context.budget);
    }
    return argument;
  }

  private continuesArgument(): boolean {
    const node = this.next;
    if (node?.kind === 'command') return isConstantName(node.text);
    return node?.kind === 'letters' || node?.kind === 'fraction';
  }
}

/**
 * The value of a part as a sum of terms, or null when it is no expression: text, relations, intervals.
 * Throws BudgetSpent where it costs too much.
 */
export function readExpression(part: Part, context: ExpressionContext): Sum | null {
  context.budget.spend(1 + part.length);
  return new ExpressionReader(part, context).readAll();
}
