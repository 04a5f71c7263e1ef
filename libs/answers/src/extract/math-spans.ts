/** Where something stands in a text. */
export interface Span {
  /** Of the whole, delimiters and all. */
  readonly start: number;
  readonly end: number;
  /** What is inside. */
  readonly content: string;
}

const closers: Readonly<Record<string, string>> = { '\\(': '\\)', '\\[': '\\]', $$: '$$', $: '$' };

function openerAt(text: string, i: number): string | null {
  const two = text.slice(i, i + 2);
  if (two === '$$' || two === '\\(' || two === '\\[') return two;
  return text[i] === '$' ? '$' : null;
}

/**
 * The formulas of a text, by their delimiters, from front to back: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`.
 *
 * A `$` whose partner is not on its line is money or chance, no formula. One pass: where a closer is
 * missing once, it is not looked for again.
 */
export function mathSpans(text: string): Span[] {
  const spans: Span[] = [];
  const missing = new Set<string>();
  let i = 0;
  while (i < text.length) {
    const opener = openerAt(text, i);
    if (opener === null) {
      i += text[i] === '\\' ? 2 : 1;
      continue;
    }
    const start = i + opener.length;
    const end = missing.has(opener) ? -1 : closerAt(text, start, opener);
    if (end === -1 && opener !== '$') missing.add(opener);
    if (end === -1) {
      i = start;
      continue;
    }
    i = end + opener.length;
    spans.push({ start: start - opener.length, end: i, content: text.slice(start, end) });
  }
  return spans;
}

function closerAt(text: string, start: number, opener: string): number {
  if (opener !== '$') return text.indexOf(closers[opener]!, start);
  for (let i = start; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '$') return i > start ? i : -1;
  }
  return -1;
}
