import { joinPieces } from '../algebra/print-sum.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';
import { groupText, matrixText } from './groups.ts';
import type { Forms } from './value.ts';

/** A decimal in text: leading zero, no trailing zeros. Integers stay (`1112112_3`, `12:00`). */
function formatNumber(text: string): string {
  const [whole = '', decimals] = text.split('.');
  if (decimals === undefined || /e/i.test(text)) return text;
  const significant = decimals.replace(/0+$/, '');
  const integer = whole.replace(/^0+(?=\d)/, '') || '0';
  return significant === '' ? integer : `${integer}.${significant}`;
}

function isScript(node: LatexNode | undefined): boolean {
  return (
    node?.kind === 'command' || (node?.kind === 'mark' && (node.text === '^' || node.text === '_'))
  );
}

function nodeText(node: LatexNode, before: LatexNode | undefined, forms: Forms): string {
  switch (node.kind) {
    case 'number':
      return formatNumber(node.text);
    case 'command':
      return `\\${node.text}`;
    case 'fraction':
      return `\\frac{${forms.textOf(node.numerator)}}{${forms.textOf(node.denominator)}}`;
    case 'group': {
      const text = groupText(node, forms);
      // Around a single character, an argument's braces say nothing: `x^{2}`, `x^2`.
      const inside = text.slice(1, -1);
      return node.open === '{' && isScript(before) && /^[\p{L}\d]$/u.test(inside) ? inside : text;
    }
    case 'matrix':
      return matrixText(node, forms);
    default:
      return node.text;
  }
}

/** The text of a part that is no expression: nodes in their order, style and spacing gone. */
export function plainTextOf(part: Part, forms: Forms): string {
  forms.budget.spend(part.length);
  return joinPieces(part.map((node, i) => nodeText(node, part[i - 1], forms)));
}
