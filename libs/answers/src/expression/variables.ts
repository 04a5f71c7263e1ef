import { isMark } from '../latex/latex-tokens.ts';
import type { LatexNode, Part } from '../latex/latex-tree.ts';

// Runs of these letters are products wherever they stand; other short runs only beside something else.
const usualVariables = /^[abcxyz]{2,3}$/;
const shortRun = /^\p{Ll}{2,3}$/u;

/** Whether a run of letters is a product of variables: the `xy` of `2xy`, but not `no`, `even` or `AB`. */
function isProduct(node: LatexNode, isAlone: boolean): boolean {
  if (node.kind !== 'letters' || node.isText) return false;
  return usualVariables.test(node.text) || (!isAlone && shortRun.test(node.text));
}

/** The nodes with products of variables as single letters, so that `xy^2` is `x · y^2`. */
export function splitVariables(part: Part): Part {
  if (!part.some((node) => isProduct(node, part.length === 1))) return part;
  return part.flatMap((node, i): Part => {
    const isSubscript = isMark(part[i - 1], '_');
    if (isSubscript || !isProduct(node, part.length === 1) || node.kind !== 'letters')
      return [node];
    return [...node.text].map((text) => ({ kind: 'letters', text }));
  });
}
