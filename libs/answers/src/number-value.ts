import type { LatexNode, Part } from './latex-tree.ts';
import { add, divide, negate, parseDecimal, type Rational, scaleByTen } from './rational.ts';

/** What a part is worth when it is nothing but a number. */
export interface NumberValue {
  readonly value: Rational;
  /** `28%` is neither 28 nor 0.28. */
  readonly isPercent: boolean;
}

function isMark(node: LatexNode | undefined, text: string): boolean {
  return node?.kind === 'mark' && node.text === text;
}

function decimalOf(node: LatexNode | undefined): Rational | null {
  return node?.kind === 'number' ? parseDecimal(node.text) : null;
}

function isInteger(value: Rational): boolean {
  return value.denominator === 1n;
}

/** A number, a fraction of numbers, or either in parentheses or braces. */
function primaryOf(node: LatexNode | undefined): Rational | null {
  if (node?.kind === 'number') return decimalOf(node);
  if (node?.kind === 'fraction') {
    const numerator = signedOf(node.numerator);
    const denominator = signedOf(node.denominator);
    return numerator && denominator && divide(numerator, denominator);
  }
  if (node?.kind !== 'group' || node.parts.length !== 1) return null;
  const isPlain = node.open === '{' || (node.open === '(' && node.close === ')');
  return isPlain ? signedOf(node.parts[0]!) : null;
}

/** `1 + 1/2` of a mixed number, where the second is a proper fraction. */
function mixedOf(whole: Rational | null, fraction: Rational | null): Rational | null {
  if (whole === null || fraction === null || !isInteger(whole) || isInteger(fraction)) return null;
  const isProper = fraction.numerator > 0n && fraction.numerator < fraction.denominator;
  return isProper ? add(whole, fraction) : null;
}

/** The exponent of `\times 10^{k}` (nodes after the number) or of `e-5`; NaN for anything else. */
function exponentOf(nodes: Part): number {
  const [first, second, third, ...rest] = nodes;
  if (first?.kind === 'letters' && /^[eE]$/.test(first.text)) {
    const isNegative = isMark(second, '-');
    const isSigned = isNegative || isMark(second, '+');
    const digits = isSigned ? third : second;
    const isWhole = digits?.kind === 'number' && nodes.length === (isSigned ? 3 : 2);
    return isWhole ? Number(digits.text) * (isNegative ? -1 : 1) : Number.NaN;
  }
  const isTimes = first?.kind === 'command' && (first.text === 'times' || first.text === 'cdot');
  if (!isTimes || second?.kind !== 'number' || second.text !== '10') return Number.NaN;
  if (!isMark(third, '^') || rest.length !== 1) return Number.NaN;
  const exponent = primaryOf(rest[0]);
  return exponent !== null && isInteger(exponent) ? Number(exponent.numerator) : Number.NaN;
}

/** A number without its sign: plain, `a/b`, mixed, or with a power of ten. */
function unsignedOf(part: Part): Rational | null {
  const [first, second, third, fourth] = part;
  const value = primaryOf(first);
  if (value === null || part.length === 1) return value;
  if (part.length === 2 && first?.kind === 'number' && second?.kind === 'fraction') {
    return mixedOf(value, primaryOf(second));
  }
  if (part.length === 3 && isMark(second, '/')) {
    const divisor = primaryOf(third);
    return divisor && divide(value, divisor);
  }
  if (part.length === 4 && first?.kind === 'number' && isMark(third, '/')) {
    const [numerator, denominator] = [decimalOf(second), decimalOf(fourth)];
    return mixedOf(value, numerator && denominator && divide(numerator, denominator));
  }
  return first?.kind === 'number' ? scaleByTen(value, exponentOf(part.slice(1))) : null;
}

function signedOf(part: Part): Rational | null {
  const isNegative = isMark(part[0], '-');
  const magnitude = unsignedOf(isNegative || isMark(part[0], '+') ? part.slice(1) : part);
  return magnitude && isNegative ? negate(magnitude) : magnitude;
}

/**
 * The exact value of a part, or null when it is more than a number.
 *
 * Degrees are dropped (benchmarks write 90 and 90° for the same answer); percent is kept apart.
 */
export function numberValue(part: Part): NumberValue | null {
  const isPercent = isMark(part.at(-1), '%');
  const hasSuffix = isPercent || isMark(part.at(-1), '°');
  const value = signedOf(hasSuffix ? part.slice(0, -1) : part);
  return value && { value, isPercent };
}
