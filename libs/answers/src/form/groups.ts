import type { LatexNode, Part } from '../latex/latex-tree.ts';
import { inOrder } from './lists.ts';
import { signsSpelledOut } from './signs.ts';
import type { Forms, Value } from './value.ts';

type Group = LatexNode & { kind: 'group' };

/** The elements of a set or list in braces, or null for other groups. */
export function elementsOf(node: LatexNode | undefined, forms: Forms): readonly Value[] | null {
  if (node?.kind !== 'group') return null;
  const isSet = node.open === '\\{';
  if (!isSet && (node.open !== '{' || node.parts.length < 2)) return null;
  const values = node.parts.flatMap(signsSpelledOut).map((part) => forms.valueOf(part));
  return inOrder(values, isSet ? 'set' : 'list');
}

/** A group with its parts in canonical form; the elements of a set are sorted. */
export function groupText(group: Group, forms: Forms): string {
  const { open, close, parts } = group;
  const elements = elementsOf(group, forms);
  const texts = elements?.map(({ text }) => text) ?? parts.map((part) => forms.textOf(part));
  const isBare = /^\\[a-z]/.test(open);
  return `${open}${isBare ? ' ' : ''}${texts.join(open === '{' ? ', ' : ',')}${close}`;
}

/** Rows and cells; a determinant or a case distinction keeps its name. */
export function matrixText({ name, rows }: LatexNode & { kind: 'matrix' }, forms: Forms): string {
  const text = rows.map((cells) => cells.map((cell) => forms.textOf(cell)).join('&')).join('\\\\ ');
  return `\\begin{${name}}${text}\\end{${name}}`;
}

/** What stands in brackets that say nothing: `{…}`, `(5)`, a matrix in brackets; null for other parts. */
export function unwrapped(part: Part): readonly Part[] | null {
  const [group] = part;
  if (part.length !== 1 || group?.kind !== 'group') return null;
  const { open, close, parts } = group;
  if (open === '{') return parts;
  const [only] = parts;
  if (parts.length !== 1 || only === undefined) return null;
  const isMatrix = only.length === 1 && only[0]!.kind === 'matrix';
  const isParenthesis = open === '(' && close === ')';
  return isParenthesis || (isMatrix && open === '[') ? parts : null;
}
