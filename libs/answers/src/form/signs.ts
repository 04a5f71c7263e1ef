import type { LatexNode, Part } from '../latex/latex-tree.ts';

function withSigns(part: Part, isUpper: boolean): Part {
  return part.map((node) => nodeWithSigns(node, isUpper));
}

function nodeWithSigns(node: LatexNode, isUpper: boolean): LatexNode {
  switch (node.kind) {
    case 'command':
      if (node.text !== 'pm' && node.text !== 'mp') return node;
      return { kind: 'mark', text: (node.text === 'pm') === isUpper ? '+' : '-' };
    case 'fraction':
      return {
        kind: 'fraction',
        numerator: withSigns(node.numerator, isUpper),
        denominator: withSigns(node.denominator, isUpper),
      };
    case 'group':
      return { ...node, parts: node.parts.map((part) => withSigns(part, isUpper)) };
    default:
      return node;
  }
}

function hasSign(part: Part): boolean {
  return part.some((node) => {
    if (node.kind === 'command') return node.text === 'pm' || node.text === 'mp';
    if (node.kind === 'fraction') return hasSign(node.numerator) || hasSign(node.denominator);
    return node.kind === 'group' && node.parts.some(hasSign);
  });
}

/** `a \pm b` as its two values; all upper signs belong together, as do all lower ones. */
export function signsSpelledOut(part: Part): readonly Part[] {
  return hasSign(part) ? [withSigns(part, true), withSigns(part, false)] : [part];
}
