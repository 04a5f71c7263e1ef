import { isConstantName } from '../expression/command-names.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';

const decorations = new Set([
  'angle',
  'triangle',
  'overline',
  'vec',
  'hat',
  'widehat',
  'overrightarrow',
  'dot',
]);

/**
 * One character for a node, so that the shape of a name is a regular expression: v variable, w word, n
 * number, d decoration, g group in braces, i the group `{-1}`, a arguments in parentheses, t tuple of
 * names, f fraction of names, and marks as they are.
 */
function shapeOf(node: LatexNode): string {
  switch (node.kind) {
    case 'letters':
      return node.text.length === 1 ? 'v' : 'w';
    case 'number':
      return 'n';
    case 'fraction':
      return isName(node.numerator) && isName(node.denominator) ? 'f' : '?';
    case 'group':
      return shapeOfGroup(node);
    case 'command':
      if (decorations.has(node.text)) return 'd';
      return isConstantName(node.text) ? 'v' : '?';
    case 'mark':
      return "_^'|:".includes(node.text) ? node.text : '?';
    default:
      return '?';
  }
}

function shapeOfGroup({ open, close, parts }: LatexNode & { kind: 'group' }): string {
  if (open === '{') {
    const [sign, one, ...more] = parts[0]!;
    const isMinusOne =
      sign?.kind === 'mark' && sign.text === '-' && one?.kind === 'number' && one.text === '1';
    return isMinusOne && more.length === 0 ? 'i' : 'g';
  }
  if (open !== '(' || close !== ')') return '?';
  if (parts.length > 1 && parts.every(isName)) return 't';
  return parts.every((part) => isName(part) || (part.length === 1 && part[0]!.kind === 'number'))
    ? 'a'
    : '?';
}

const one = String.raw`(?:(?:[vw]|d+[vwg])(?:_[vwngi])?'*(?:\^i)?[at]?)`;
const name = new RegExp(String.raw`^(?:${one}|\|${one}\||${one}(?::${one})+|w[vw]*w|[ft])$`);

/**
 * Whether a part only names what is asked for: `x`, `a_{37}`, `f(x)`, `f^{-1}(2)`, `(p,q)`, `|AB|`, `A:B`,
 * `\frac{NO}{BO}`, `\angle ABC`, `area`.
 */
export function isName(part: Part): boolean {
  return name.test(part.map(shapeOf).join(''));
}
