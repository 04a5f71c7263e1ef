import { symbolicPower } from '../algebra/power.ts';
import { printSum } from '../algebra/print-sum.ts';
import { multiplySums } from '../algebra/product.ts';
import { compare, minusOne, one, rational } from '../algebra/rational.ts';
import { atom, constant, constantOf, type Sum } from '../algebra/sum.ts';
import type { LatexNode } from '../latex/latex-tree.ts';
import { functionNames, isConstantName } from './command-names.ts';
import { binomial, rootOf } from './functions.ts';
import type { Reader } from './reader.ts';

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
/** `f(x+1)`, and `I(0)` or `W(n)`: letters before a single number or letter in parentheses name a function. */
function isCallOf(name: string, { open, close, parts }: LatexNode & { kind: 'group' }): boolean {
  if (open !== '(' || close !== ')') return false;
  const [first, ...more] = parts[0]!;
  const isSingle = more.length === 0 && (first?.kind === 'number' || first?.kind === 'letters');
  return /^[fgh]/.test(name) || (isSingle && parts.length === 1);
}

/** A variable with its subscript and, for f, g and h, its argument. */
export function readName(name: string, reader: Reader): Sum | null {
  let text = name;
  if (reader.take('_')) {
    const node = reader.next;
    if (node === undefined || node.kind === 'mark') return null;
    reader.advance();
    const subscript =
      node.kind === 'group'
        ? node.parts.map((part) => reader.context.textOf(part)).join(',')
        : reader.context.textOf([node]);
    text += `_${subscript.length === 1 ? subscript : `{${subscript}}`}`;
  }
  while (reader.take("'")) text += "'";
  const node = reader.next;
  const isCall = node?.kind === 'group' && isCallOf(name, node);
  if (!isCall) return atom(text);
  reader.advance();
  const parts = node.parts.map((part) => reader.context.textOf(part));
  return atom(`${text}(${parts.join(',')})`);
}

export function readCommand(name: string, reader: Reader): Sum | null {
  if (name === 'sqrt') return readRoot(reader);
  if (name === 'binom') return readBinomial(reader);
  if (functionNames.has(name)) return readFunction(name, reader);
  if (isConstantName(name)) return readName(`\\${name}`, reader);
  const node = reader.next;
  if (!accents.has(name) || node === undefined || node.kind === 'mark') return null;
  reader.advance();
  const inside = node.kind === 'group' && node.open === '{' ? node.parts[0]! : [node];
  return atom(`\\${name}{${reader.context.textOf(inside)}}`);
}

function readRoot(reader: Reader): Sum | null {
  const index = reader.next;
  const hasIndex = index?.kind === 'group' && index.open === '[' && index.close === ']';
  if (hasIndex) reader.advance();
  const degree = hasIndex ? reader.read(index.parts[0]!) : constant(rational(2n));
  const argument = reader.readPrimary();
  return degree && argument && rootOf(argument, degree, reader.context.budget);
}

function readBinomial(reader: Reader): Sum | null {
  const upper = reader.readPrimary();
  const lower = upper && reader.readPrimary();
  return upper && lower && binomial(upper, lower);
}

function isMinusOne(sum: Sum): boolean {
  const value = constantOf(sum);
  return value !== null && compare(value, minusOne) === 0;
}

/** `\sin x`, `\sin^2 2x`, `\log_2 3`, `\ln(x+1)`: the function of what follows, taken whole. */
function readFunction(name: string, reader: Reader): Sum | null {
  let text = `\\${name}`;
  if (reader.take('_')) {
    const base = reader.readExponent();
    if (base === null) return null;
    text += `_{${printSum(base)}}`;
  }
  const exponent = reader.take('^') ? reader.readExponent() : constant(one);
  if (exponent === null) return null;
  const isInverse = isMinusOne(exponent) && /^\\(?:sin|cos|tan)$/.test(text);
  const argument = readArgument(reader);
  if (argument === null) return null;
  const value = atom(`${isInverse ? text.replace('\\', '\\arc') : text}(${printSum(argument)})`);
  return isInverse ? value : symbolicPower(value, exponent, reader.context.budget);
}

/** A group, or the numbers, letters, fractions and roots up to the next sign or function. */
function readArgument(reader: Reader): Sum | null {
  if (reader.next?.kind === 'group') return reader.readPrimary();
  let argument = reader.readFactor();
  while (argument !== null && continuesArgument(reader)) {
    const factor = reader.readFactor();
    if (factor === null) return null;
    argument = multiplySums(argument, factor, reader.context.budget);
  }
  return argument;
}

function continuesArgument(reader: Reader): boolean {
  const node = reader.next;
  if (node?.kind === 'command') return isConstantName(node.text);
  return node?.kind === 'letters' || node?.kind === 'fraction';
}
