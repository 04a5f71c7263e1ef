import { latexTokens } from './latex-tokens.ts';
import { type LatexNode, latexTree, type Part, type Parts } from './latex-tree.ts';
import { numberValue } from './number-value.ts';
import { formatRational } from './rational.ts';

/** A longer answer is compared as it stands. */
const maxLength = 2000;

const thousandsSeparator = /(?<=\d)(?:\{,\}|,\s?\\!\s?)(?=\d{3}(?!\d))/g;
const groupedDigits = /^([^\d,([{]*)(\d{1,3}(?:,\d{3})+)(?![\d,])([^,]*)$/;

/** `1{,}000`, `1,\!000` and, where no other comma could make it a list, `1,000` lose their separators. */
function joinThousands(text: string): string {
  const joined = text.replace(thousandsSeparator, '');
  return joined.replace(
    groupedDigits,
    (_, before: string, digits: string, after: string) =>
      before + digits.replaceAll(',', '') + after,
  );
}

/** A decimal inside an expression: leading zero, no trailing zeros. Integers stay (`1112112_3`, `12:00`). */
function formatNumber(text: string): string {
  const [whole = '', decimals] = text.split('.');
  if (decimals === undefined) return whole;
  const significant = decimals.replace(/0+$/, '');
  const integer = whole.replace(/^0+(?=\d)/, '') || '0';
  return significant === '' ? integer : `${integer}.${significant}`;
}

function formatNode(node: LatexNode, before: LatexNode | undefined): string {
  switch (node.kind) {
    case 'number':
      return formatNumber(node.text);
    case 'command':
      return `\\${node.text}`;
    case 'fraction':
      return formatFraction(node);
    case 'group':
      return formatGroup(node, before);
    default:
      return node.text;
  }
}

/** A fraction inside an expression: of numbers in lowest terms, of anything else part by part. */
function formatFraction(node: LatexNode & { kind: 'fraction' }): string {
  const number = numberValue([node]);
  return number === null
    ? `\\frac{${formatPart(node.numerator)}}{${formatPart(node.denominator)}}`
    : `\\frac{${number.value.numerator}}{${number.value.denominator}}`;
}

/** Brackets with their parts; around a single character, an argument's braces say nothing (`x^{2}`, `x^2`). */
function formatGroup(node: LatexNode & { kind: 'group' }, before: LatexNode | undefined): string {
  const { open, close, parts } = node;
  const inside = parts.map(formatPart).join(open === '{' ? ', ' : ',');
  const isScript = before?.kind === 'mark' && (before.text === '^' || before.text === '_');
  const isArgument = open === '{' && (isScript || before?.kind === 'command');
  return isArgument && /^[\p{L}\d]$/u.test(inside) ? inside : open + inside + close;
}

/** Joins pieces so that none runs into the next: `2 3` is not `23`, `\pi r` not `\pir`, `< =` not `<=`. */
function joinPieces(pieces: readonly string[]): string {
  let joined = '';
  for (const piece of pieces) {
    const needsSpace =
      (/[\d.]$/.test(joined) && /^[\d.]/.test(piece)) ||
      (/\p{L}$/u.test(joined) && /^\p{L}/u.test(piece)) ||
      (/[<>!]$/.test(joined) && piece.startsWith('='));
    joined += needsSpace ? ` ${piece}` : piece;
  }
  return joined;
}

function formatPart(part: Part): string {
  const number = numberValue(part);
  if (number !== null) return formatRational(number.value) + (number.isPercent ? '%' : '');
  return joinPieces(part.map((node, i) => formatNode(node, part[i - 1])));
}

/** What an assignment assigns: `x = 5` and `x_1 = 5` say 5, `x \in [0, 1]` says [0, 1]. */
function withoutVariable(part: Part): Part {
  const [variable, mark] = part;
  if (variable?.kind !== 'letters' || variable.text.length !== 1) return part;
  const isSubscripted = mark?.kind === 'mark' && mark.text === '_';
  const at = isSubscripted ? 3 : 1;
  const isRelation = (node: LatexNode | undefined) =>
    (node?.kind === 'mark' && node.text === '=') ||
    (node?.kind === 'command' && node.text === 'in');
  const value = part.slice(at + 1);
  return isRelation(part[at]) && value.length > 0 && !value.some(isRelation) ? value : part;
}

/** The parts without a full stop at the end; an ellipsis stays. */
function withoutFullStop(parts: Parts): Parts {
  const last = parts.at(-1) ?? [];
  const isDot = (node: LatexNode | undefined) => node?.kind === 'mark' && node.text === '.';
  const isFullStop = isDot(last.at(-1)) && !isDot(last.at(-2));
  return isFullStop ? [...parts.slice(0, -1), last.slice(0, -1)] : parts;
}

/** The parts of an answer without what only surrounds it: variable, parentheses, braces, full stop. */
function stripped(answer: Parts): Parts {
  let parts = answer;
  for (;;) {
    parts = withoutFullStop(parts);
    const [only, ...others] = parts;
    if (only === undefined || others.length > 0) return parts;
    const value = withoutVariable(only);
    const [group] = value;
    if (value.length !== 1 || group?.kind !== 'group') return [value];
    const isParenthesis = group.open === '(' && group.close === ')' && group.parts.length === 1;
    if (group.open !== '{' && !isParenthesis) return [value];
    parts = group.parts;
  }
}

/**
 * The canonical form of an answer. Two answers are equal exactly when their forms are, so equality is an
 * equivalence relation by construction; it decides votes and scores alike.
 *
 * Numbers become exact fractions in lowest terms (`0.50`, `\frac{2}{4}`, `1/2` -> `1/2`), whatever
 * their style, sign, thousands separators or mixed form. Elsewhere spacing and style are removed. Units
 * and percent stay, order and case count, nothing is evaluated. Idempotent.
 *
 * @example canonicalAnswer('$x = \\dfrac{10}{4}$') // -> '5/2'
 */
export function canonicalAnswer(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > maxLength) return trimmed;
  const parts = latexTree(latexTokens(joinThousands(trimmed)));
  if (parts === null) return trimmed;
  // With a space, so that a list of numbers never reads as one with thousands separators.
  const canonical = stripped(parts).map(formatPart).join(', ');
  return canonical.length > maxLength ? trimmed : canonical;
}
