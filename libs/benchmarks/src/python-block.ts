const fence = /^[ \t]*```[ \t]*([A-Za-z0-9_+-]*)[ \t]*$/;
const pythonNames = ['', 'python', 'python3', 'py'];

/**
 * The Python in a response: its last closed block between ``` fences, or what follows `[BEGIN]` up to `[DONE]`.
 *
 * Null without either: prose is not run. Blocks of another language do not count.
 */
export function pythonBlock(response: string): string | null {
  let last: string | null = null;
  let open: { name: string; lines: string[] } | null = null;
  for (const line of response.split('\n')) {
    const found = fence.exec(line.trimEnd());
    if (open === null) {
      if (found !== null) open = { name: found[1]!.toLowerCase(), lines: [] };
    } else if (found !== null && found[1] === '') {
      if (pythonNames.includes(open.name)) last = open.lines.join('\n');
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  return last ?? between(response, '[BEGIN]', '[DONE]');
}

function between(text: string, begin: string, end: string): string | null {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from + begin.length);
  return from === -1 || to === -1 ? null : text.slice(from + begin.length, to).trim();
}
