/** What an expression selects: a metric, and its matchers. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'on', 'by']);

/** The selectors of a PromQL expression of ours. Not a parser: it knows what our rules and panels are made of. */
export function selectorsOf(expression: string): Selector[] {
  const selecting = expression
    .replaceAll(/\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replaceAll(/\[[^\]]*\]/g, '');
  const found = selecting.matchAll(/\b([a-zA-Z_]\w*)\b(?!\s*\()\s*(\{[^}]*\})?/g);
  const outside = [...found].filter(({ index }) => !isInside(selecting, index));
  return outside
    .filter(([, name = '']) => !words.has(name))
    .map(([, metric = '', braces = '']) => ({ metric, matchers: matchersOf(braces) }));
}

/** Whether a place is between braces or quotes. */
function isInside(text: string, index: number): boolean {
  const before = text.slice(0, index);
  const count = (character: string) => before.split(character).length - 1;
  return count('{') > count('}') || count('"') % 2 === 1;
}

function matchersOf(braces: string): Selector['matchers'] {
  return [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(
    ([, label = '', value = '']) => ({ label, values: value.split('|') }),
  );
}
