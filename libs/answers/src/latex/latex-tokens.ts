import {
  commandToken,
  lettersToken,
  markToken,
  styleWrappers,
  textWrappers,
} from './token-names.ts';

/** A piece of an answer: a number (`12`, `.5`), letters (`cm`), a command (`\pi`, without backslash) or a mark. */
export interface LatexToken {
  readonly kind: 'number' | 'letters' | 'command' | 'mark';
  readonly text: string;
  /** Letters from `\text{}` and its like: words, never a product of variables. */
  readonly isText?: true;
}

// Each alternative starts with a character of its own, and none can backtrack far into another.
const piece =
  /(?<space>\\(?:left|right)\s?\.|\\q?quad)|(?<number>(?:\d+(?:\.(?:\d+|(?=\\(?:overline|bar))))?|\.\d+)(?:[eE][+-]?\d+(?!\p{L}))?)|(?<letters>(?:(?!\p{Script=Greek})\p{L})+)|\\(?<command>[A-Za-z]+|.)|(?<mark><=|>=|!=|\S)/gsu;

// `1orW(x)=-1`: a word glued to what stands before and after it.
const gluedSeparator = /^(or|and)(\p{Lu}\p{L}*)$/u;

function tokensOf(groups: Readonly<Record<string, string | undefined>>): LatexToken[] {
  const { number, letters, command, mark } = groups;
  if (number !== undefined) return [{ kind: 'number', text: number }];
  if (letters !== undefined) {
    const [, separator, rest] = gluedSeparator.exec(letters) ?? [];
    if (separator === undefined || rest === undefined) return [lettersToken(letters)];
    return [lettersToken(separator), lettersToken(rest)];
  }
  if (command !== undefined) return [commandToken(command)].filter((token) => token !== null);
  return mark === undefined ? [] : [markToken(mark)].filter((token) => token !== null);
}

export function isMark(token: { kind: string; text?: string } | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

/** Removes `\text` and its like together with the braces of their argument; letters inside become text. */
function unwrap(tokens: readonly LatexToken[]): LatexToken[] {
  const result: LatexToken[] = [];
  // Of each open brace: whether it goes, and whether letters in it are text.
  const open: { isWrapper: boolean; isText: boolean }[] = [];
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    const isTextCommand = token.kind === 'command' && textWrappers.has(token.text);
    if (isTextCommand || (token.kind === 'command' && styleWrappers.has(token.text))) return;
    if (isMark(token, '{')) {
      const isText = before?.kind === 'command' && textWrappers.has(before.text);
      const isWrapper = isText || (before?.kind === 'command' && styleWrappers.has(before.text));
      open.push({ isWrapper, isText: isText || (open.at(-1)?.isText ?? false) });
      if (isWrapper) return;
    }
    if (isMark(token, '}') && open.pop()?.isWrapper) return;
    const isText = token.kind === 'letters' && open.at(-1)?.isText;
    result.push(isText ? { ...token, isText } : token);
  });
  return result;
}

/** `^\circ` and `^{\circ}` are the degree sign. */
function joinDegrees(tokens: readonly LatexToken[]): LatexToken[] {
  const result: LatexToken[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const isBraced = isMark(tokens[i + 1], '{') && isMark(tokens[i + 3], '}');
    const circle = tokens[i + (isBraced ? 2 : 1)];
    if (isMark(tokens[i], '^') && circle?.kind === 'command' && circle.text === 'circ') {
      result.push({ kind: 'mark', text: '°' });
      i += isBraced ? 3 : 1;
    } else {
      result.push(tokens[i]!);
    }
  }
  return result;
}

/** Matrices differ in their brackets only; a determinant or a case distinction is something else. */
const matrixNames = new Set(['matrix', 'pmatrix', 'bmatrix', 'Bmatrix', 'smallmatrix', 'array']);

/** `\begin{pmatrix}` is one token, `begin{matrix}`; the columns of `\begin{array}{cc}` go. */
function joinEnvironments(tokens: readonly LatexToken[]): LatexToken[] {
  const result: LatexToken[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const name = tokens[i + 2];
    const isEdge = token.kind === 'command' && (token.text === 'begin' || token.text === 'end');
    if (!isEdge || !isMark(tokens[i + 1], '{') || name?.kind !== 'letters') {
      result.push(token);
      continue;
    }
    const text = `${token.text}{${matrixNames.has(name.text) ? 'matrix' : name.text}}`;
    result.push({ kind: 'command', text });
    i += 3;
    const hasColumns =
      token.text === 'begin' && name.text === 'array' && isMark(tokens[i + 1], '{');
    if (!hasColumns) continue;
    while (i + 1 < tokens.length && !isMark(tokens[i + 1], '}')) i += 1;
    i += 1;
  }
  return result;
}

/** The tokens of an answer: spacing and style are gone, synonyms have one name. */
export function latexTokens(text: string): LatexToken[] {
  const tokens: LatexToken[] = [];
  for (const match of text.matchAll(piece)) {
    for (const token of tokensOf(match.groups ?? {})) tokens.push(token);
  }
  return joinEnvironments(joinDegrees(unwrap(tokens)));
}
