const commands = ['boxed', 'fbox'];

/** Where the group of a `\boxed{` or `\fbox{` at `backslash` begins, or -1 when there is none. */
function boxStart(text: string, backslash: number): number {
  const command = commands.find((name) => text.startsWith(name, backslash + 1));
  if (command === undefined) return -1;
  const brace = backslash + 1 + command.length;
  return text[brace] === '{' ? brace + 1 : -1;
}

/**
 * The content of the last `\boxed{…}` or `\fbox{…}` that closes, or null.
 *
 * Braces nest; `\{` and `\}` do not count. Of nested boxes the inner one is the last. A box that is
 * never closed (a response cut at its limit) is no box. One pass over the text, whatever is in it.
 *
 * @example extractBoxed('so \\boxed{\\frac{1}{2}}.') // -> '\\frac{1}{2}'
 */
export function extractBoxed(text: string): string | null {
  // Of each open brace: where its box begins, or -1 for any other brace.
  const open: number[] = [];
  let start = -1;
  let end = -1;
  let i = 0;
  while (i < text.length) {
    const character = text[i];
    if (character === '\\') {
      const box = boxStart(text, i);
      if (box !== -1) open.push(box);
      // In `\\boxed{`, as escaped text has it, the second backslash is the command's.
      const isDoubled = text[i + 1] === '\\' && boxStart(text, i + 1) !== -1;
      i = box !== -1 ? box : i + (isDoubled ? 1 : 2);
      continue;
    }
    if (character === '{') open.push(-1);
    if (character === '}') {
      const box = open.pop() ?? -1;
      if (box > start) {
        start = box;
        end = i;
      }
    }
    i += 1;
  }
  return start === -1 ? null : text.slice(start, end);
}
