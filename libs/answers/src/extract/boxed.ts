const commands = ['boxed', 'fbox'];

/** Where the group of a `\boxed{` or `\fbox{` at `start` begins, or -1 when there is none. */
function boxStart(text: string, start: number): number {
  const command = commands.find((name) => text.startsWith(name, start + 1));
  if (command === undefined) return -1;
  const brace = start + 1 + command.length;
  return text[brace] === '{' ? brace + 1 : -1;
}

/** Where the first box's command begins, whether it is closed or not, or -1. */
function firstBox(text: string): number {
  const starts = commands.map((name) => text.indexOf(`\\${name}{`)).filter((at) => at !== -1);
  return starts.length === 0 ? -1 : Math.min(...starts);
}

const backslash = '\\'.charCodeAt(0);
const openBrace = '{'.charCodeAt(0);
const closeBrace = '}'.charCodeAt(0);

/**
 * Where the contents of the boxes `\boxed{…}` and `\fbox{…}` begin and end, in the order in which they close.
 *
 * Braces nest; `\{` and `\}` do not count. A box that is never closed (a response cut at its limit) is no
 * box. One pass over the text, whatever is in it.
 */
export function* boxes(text: string): Generator<{ inside: number; end: number }> {
  const first = firstBox(text);
  if (first === -1) return;
  // Of each open brace: where its box begins, or -1 for any other brace.
  const open: number[] = [];
  // Braces before the first box are around it at most. A long response has its box at the end.
  for (let i = first; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === backslash) {
      const box = boxStart(text, i);
      if (box !== -1) open.push(box);
      // In `\\boxed{`, as escaped text has it, the second backslash is the command's.
      const isDoubled = text[i + 1] === '\\' && boxStart(text, i + 1) !== -1;
      i = box !== -1 ? box - 1 : i + (isDoubled ? 0 : 1);
    } else if (code === openBrace) {
      open.push(-1);
    } else if (code === closeBrace) {
      const inside = open.pop() ?? -1;
      if (inside !== -1) yield { inside, end: i };
    }
  }
}

/**
 * The content of the last `\boxed{…}` or `\fbox{…}` that closes, or null. Of nested boxes the inner one is
 * the last.
 *
 * @example extractBoxed('so \\boxed{\\frac{1}{2}}.') // -> '\\frac{1}{2}'
 */
export function extractBoxed(text: string): string | null {
  let last = { inside: -1, end: -1 };
  for (const box of boxes(text)) {
    if (box.inside > last.inside) last = box;
  }
  return last.inside === -1 ? null : text.slice(last.inside, last.end);
}
