import { add, parseDecimal, type Rational, rational } from '../algebra/rational.ts';
import { isMark } from '../latex/latex-tokens.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';

/** A number and how many nodes it takes. */
interface NumberRead {
  readonly value: Rational;
  readonly length: number;
}

function integerOf(node: LatexNode | undefined): bigint | null {
  return node?.kind === 'number' && /^\d{1,200}$/.test(node.text) ? BigInt(node.text) : null;
}

function onlyNode(part: Part): LatexNode | undefined {
  return part.length === 1 ? part[0] : undefined;
}

/** The fraction at a position, plain or with a slash, where it is between 0 and 1. */
function properFractionAt(nodes: Part, position: number): NumberRead | null {
  const node = nodes[position];
  const isFraction = node?.kind === 'fraction';
  if (!isFraction && !isMark(nodes[position + 1], '/')) return null;
  const numerator = integerOf(isFraction ? onlyNode(node.numerator) : node);
  const denominator = integerOf(isFraction ? onlyNode(node.denominator) : nodes[position + 2]);
  if (!numerator || !denominator || numerator >= denominator) return null;
  return { value: rational(numerator, denominator), length: isFraction ? 1 : 3 };
}

/** `1\frac{1}{2}` and `1 1/2`, or null. */
export function mixedNumberAt(nodes: Part, position: number): NumberRead | null {
  const whole = integerOf(nodes[position]);
  const fraction = whole === null ? null : properFractionAt(nodes, position + 1);
  if (whole === null || fraction === null || isMark(nodes[position + 1 + fraction.length], '^')) {
    return null;
  }
  return { value: add(rational(whole), fraction.value), length: 1 + fraction.length };
}

/** `0.1\overline{6}` as the fraction it repeats to: `(16 - 1) / 90`. */
function repeating(text: string, digits: string): Rational {
  const [whole = '', decimals = ''] = text.split('.');
  const start = 10n ** BigInt(decimals.length);
  const period = 10n ** BigInt(digits.length) - 1n;
  const fixed = BigInt(whole + decimals);
  return rational(fixed * period + BigInt(digits), start * period);
}

/** A decimal at a position, or null for a number with a subscript, which says its base. */
export function decimalAt(nodes: Part, position: number): NumberRead | null {
  const [node, command, group] = nodes.slice(position, position + 3);
  if (node?.kind !== 'number' || isMark(command, '_')) return null;
  const isRepeating = command?.kind === 'command' && command.text === 'overline';
  if (!isRepeating) return { value: parseDecimal(node.text), length: 1 };
  const inside = group?.kind === 'group' ? onlyNode(group.parts[0]!) : group;
  if (inside?.kind !== 'number' || !/^\d{1,50}$/.test(inside.text)) return null;
  if (!/^\d{0,50}\.\d{0,50}$/.test(node.text)) return null;
  return { value: repeating(node.text, inside.text), length: 3 };
}
