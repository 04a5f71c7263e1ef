/** A piece of an answer: a number (`12`, `.5`), letters (`cm`), a command (`\pi`, without backslash) or a mark. */
export interface LatexToken {
  readonly kind: 'number' | 'letters' | 'command' | 'mark';
  readonly text: string;
}

// Each alternative starts with a character of its own, and none can backtrack into another.
const piece =
  /(?<number>\d+(?:\.\d+)?|\.\d+)|(?<letters>(?:(?!π)\p{L})+)|\\(?<command>[A-Za-z]+|.)|(?<mark><=|>=|!=|\S)/gsu;

/** Spacing, sizes and math delimiters: they change how an answer looks, not what it is. */
const ignored = new Set(
  (
    '! , ; : > ( ) [ ] $ left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr ' +
    'quad qquad hspace displaystyle textstyle limits nolimits'
  ).split(' '),
);

/** Commands whose argument is taken as if it stood there bare. */
const wrappers = new Set(
  'text textbf textit textrm textsf textnormal mathrm mathbf mathit mathsf mathnormal mbox hbox operatorname'.split(
    ' ',
  ),
);

const commandNames: Readonly<Record<string, string>> = {
  dfrac: 'frac',
  tfrac: 'frac',
  cfrac: 'frac',
  le: 'leq',
  leqslant: 'leq',
  ge: 'geq',
  geqslant: 'geq',
  ne: 'neq',
  lbrace: '{',
  rbrace: '}',
};

const markTokens: Readonly<Record<string, LatexToken>> = {
  '<=': { kind: 'command', text: 'leq' },
  '>=': { kind: 'command', text: 'geq' },
  '!=': { kind: 'command', text: 'neq' },
  '≤': { kind: 'command', text: 'leq' },
  '≥': { kind: 'command', text: 'geq' },
  '≠': { kind: 'command', text: 'neq' },
  '×': { kind: 'command', text: 'times' },
  '·': { kind: 'command', text: 'cdot' },
  '∞': { kind: 'command', text: 'infty' },
  π: { kind: 'command', text: 'pi' },
  '∪': { kind: 'command', text: 'cup' },
  '−': { kind: 'mark', text: '-' },
};

const commandTokens: Readonly<Record<string, LatexToken>> = {
  '%': { kind: 'mark', text: '%' },
  '#': { kind: 'mark', text: '#' },
  '&': { kind: 'mark', text: '&' },
  _: { kind: 'mark', text: '_' },
  lt: { kind: 'mark', text: '<' },
  gt: { kind: 'mark', text: '>' },
  degree: { kind: 'mark', text: '°' },
};

const letterTokens: Readonly<Record<string, LatexToken>> = {
  percent: { kind: 'mark', text: '%' },
  percentage: { kind: 'mark', text: '%' },
  pct: { kind: 'mark', text: '%' },
};

function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>): LatexToken | null {
  const { number, letters, command, mark = '' } = groups;
  if (number !== undefined) return { kind: 'number', text: number };
  if (letters !== undefined)
    return lookUp(letterTokens, letters) ?? { kind: 'letters', text: letters };
  if (command !== undefined) {
    if (ignored.has(command) || command.trim() === '') return null;
    const text = lookUp(commandNames, command) ?? command;
    return lookUp(commandTokens, text) ?? { kind: 'command', text };
  }
  if (mark === '$' || mark === '~') return null;
  return lookUp(markTokens, mark) ?? { kind: 'mark', text: mark };
}

function isMark(token: LatexToken | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

/** Removes `\text` and its like together with the braces of their argument. */
function unwrap(tokens: readonly LatexToken[]): LatexToken[] {
  const result: LatexToken[] = [];
  const isWrapper: boolean[] = [];
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    if (token.kind === 'command' && wrappers.has(token.text)) return;
    if (isMark(token, '{')) {
      isWrapper.push(before?.kind === 'command' && wrappers.has(before.text));
      if (isWrapper.at(-1)) return;
    }
    if (isMark(token, '}') && isWrapper.pop()) return;
    result.push(token);
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

/** The tokens of an answer: spacing and style are gone, synonyms have one name. */
export function latexTokens(text: string): LatexToken[] {
  const tokens: LatexToken[] = [];
  for (const match of text.matchAll(piece)) {
    const token = tokenOf(match.groups ?? {});
    if (token !== null) tokens.push(token);
  }
  return joinDegrees(unwrap(tokens));
}
