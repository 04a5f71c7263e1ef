import type { LatexToken } from './latex-tokens.ts';

/** A parsed answer: tokens, bracketed groups of comma-separated parts, fractions and matrices. */
export type LatexNode =
  | LatexToken
  | { readonly kind: 'group'; readonly open: string; readonly close: string; readonly parts: Parts }
  | { readonly kind: 'fraction'; readonly numerator: Part; readonly denominator: Part }
  | { readonly kind: 'matrix'; readonly name: string; readonly rows: readonly Parts[] };

/** What stands between two commas. */
export type Part = readonly LatexNode[];
export type Parts = readonly Part[];

/** Deeper nesting is not an answer; the bound keeps recursion off the end of the stack. */
const maxDepth = 50;

/** The closers of each opener; intervals may be open on one side. */
const closers: Readonly<Record<string, readonly string[]>> = {
  '{': ['}'],
  '\\{': ['\\}'],
  '(': [')', ']'],
  '[': [')', ']'],
  '\\lfloor': ['\\rfloor'],
  '\\lceil': ['\\rceil'],
  '\\langle': ['\\rangle'],
};

export function symbolOf(node: LatexNode | undefined): string {
  if (node === undefined) return '';
  if (node.kind === 'mark') return node.text;
  return node.kind === 'command' ? `\\${node.text}` : '';
}

/** Reads tokens from front to back; null stands for brackets that don't match. */
class TreeReader {
  private readonly tokens: LatexToken[];
  private position = 0;

  constructor(tokens: readonly LatexToken[]) {
    this.tokens = [...tokens];
  }

  /** Parts up to one of the closers, which stays unread; at the top, up to the end. */
  readParts(ends: readonly string[] | null, depth: number): Parts | null {
    const parts: LatexNode[][] = [[]];
    for (;;) {
      const symbol = symbolOf(this.tokens[this.position]);
      if (this.position >= this.tokens.length) return ends === null ? parts : null;
      if (ends?.includes(symbol)) return parts;
      if (symbol === ',') {
        this.position += 1;
        parts.push([]);
        continue;
      }
      const node = this.readNode(depth);
      if (node === null) return null;
      parts.at(-1)!.push(node);
    }
  }

  private readNode(depth: number): LatexNode | null {
    const token = this.tokens[this.position++]!;
    const open = symbolOf(token);
    if (open === '\\frac') return this.readFraction(depth);
    if (open.startsWith('\\begin{')) return this.readMatrix(open.slice(7, -1), depth);
    const ends = Object.hasOwn(closers, open) ? closers[open]! : null;
    if (ends === null) return token;
    if (depth >= maxDepth) return null;
    const parts = this.readParts(ends, depth + 1);
    if (parts === null) return null;
    const close = symbolOf(this.tokens[this.position++]);
    return { kind: 'group', open, close, parts };
  }

  /** Rows between `\\`, cells between `&`; an empty last row is the `\\` that some write after the last. */
  private readMatrix(name: string, depth: number): LatexNode | null {
    const rows: LatexNode[][][] = [[[]]];
    for (;;) {
      const symbol = symbolOf(this.tokens[this.position]);
      if (this.position >= this.tokens.length || depth >= maxDepth) return null;
      if (symbol === '&') rows.at(-1)!.push([]);
      else if (symbol === '\\\\') rows.push([[]]);
      else if (symbol === `\\end{${name}}`) break;
      else {
        const node = this.readNode(depth + 1);
        if (node === null) return null;
        rows.at(-1)!.at(-1)!.push(node);
        continue;
      }
      this.position += 1;
    }
    this.position += 1;
    const last = rows.at(-1)!;
    const isEmpty = rows.length > 1 && last.length === 1 && last[0]!.length === 0;
    return { kind: 'matrix', name, rows: isEmpty ? rows.slice(0, -1) : rows };
  }

  private readFraction(depth: number): LatexNode | null {
    const numerator = this.readArgument(depth);
    const denominator = numerator && this.readArgument(depth);
    return numerator && denominator && { kind: 'fraction', numerator, denominator };
  }

  /** A group, a command, a letter, or a digit of a longer number as in `\frac12`; null for anything else. */
  private readArgument(depth: number): Part | null {
    const token = this.tokens[this.position];
    if (token === undefined || depth >= maxDepth) return null;
    const isWord = token.kind === 'letters' && token.text.length > 1;
    if (isWord || (token.kind === 'number' && token.text.startsWith('.'))) return null;
    if (token.kind === 'number' && token.text.length > 1) {
      this.tokens[this.position] = { kind: 'number', text: token.text.slice(1) };
      return [{ kind: 'number', text: token.text[0]! }];
    }
    if (token.kind === 'mark' && token.text !== '{') return null;
    const node = this.readNode(depth + 1);
    if (node?.kind !== 'group' || node.open !== '{') return node && [node];
    return node.parts.length === 1 ? node.parts[0]! : [node];
  }
}

/** The comma-separated parts of an answer, or null where brackets don't match or nest too deep. */
export function latexTree(tokens: readonly LatexToken[]): Parts | null {
  return new TreeReader(tokens).readParts(null, 0);
}
