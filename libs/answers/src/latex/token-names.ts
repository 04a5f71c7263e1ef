import type { LatexToken } from './latex-tokens.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Spacing, sizes and math delimiters: they change how an answer looks, not what it is. */
const ignoredCommands = words(
  '! , ; : > ( ) [ ] $ left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr ' +
    'quad qquad hspace displaystyle textstyle scriptstyle limits nolimits hline ensuremath rm bf it',
);

/** Currency signs say the unit, which is dropped like other units. */
const ignoredMarks = words('$ ~ € £');

/** Commands whose argument is taken as if it stood there bare; text in the first list stays words. */
export const textWrappers = words(
  'text textbf textit textrm textsf textnormal texttt mathrm mbox hbox operatorname mathit',
);
export const styleWrappers = words('mathbf mathsf mathnormal boxed fbox boldsymbol bm');

const commandNames: Readonly<Record<string, string>> = {
  dfrac: 'frac',
  tfrac: 'frac',
  cfrac: 'frac',
  dbinom: 'binom',
  tbinom: 'binom',
  le: 'leq',
  leqslant: 'leq',
  ge: 'geq',
  geqslant: 'geq',
  ne: 'neq',
  lbrace: '{',
  rbrace: '}',
  vee: 'lor',
  varnothing: 'emptyset',
  bar: 'overline',
  mp: 'mp',
};

const mark = (text: string): LatexToken => ({ kind: 'mark', text });
const command = (text: string): LatexToken => ({ kind: 'command', text });

const markTokens: Readonly<Record<string, LatexToken>> = {
  '<=': command('leq'),
  '>=': command('geq'),
  '!=': command('neq'),
  '≤': command('leq'),
  '≥': command('geq'),
  '≠': command('neq'),
  '≈': command('approx'),
  '×': command('times'),
  '÷': command('div'),
  '·': command('cdot'),
  '⋅': command('cdot'),
  '*': command('cdot'),
  '±': command('pm'),
  '∞': command('infty'),
  '∪': command('cup'),
  '∩': command('cap'),
  '∈': command('in'),
  '∅': command('emptyset'),
  '√': command('sqrt'),
  '⟨': command('langle'),
  '⟩': command('rangle'),
  '⁄': mark('/'),
  '−': mark('-'),
  '–': mark('-'),
  '′': mark("'"),
  α: command('alpha'),
  β: command('beta'),
  γ: command('gamma'),
  δ: command('delta'),
  ε: command('epsilon'),
  θ: command('theta'),
  λ: command('lambda'),
  μ: command('mu'),
  π: command('pi'),
  ρ: command('rho'),
  σ: command('sigma'),
  τ: command('tau'),
  φ: command('phi'),
  ω: command('omega'),
};

const commandTokens: Readonly<Record<string, LatexToken>> = {
  '%': mark('%'),
  '#': mark('#'),
  '&': mark('\\&'),
  _: mark('_'),
  lt: mark('<'),
  gt: mark('>'),
  degree: mark('°'),
  vert: mark('|'),
  lvert: mark('|'),
  rvert: mark('|'),
  mid: mark('|'),
  colon: mark(':'),
  prime: mark("'"),
  ast: command('cdot'),
};

const letterTokens: Readonly<Record<string, LatexToken>> = {
  percent: mark('%'),
  percentage: mark('%'),
  pct: mark('%'),
  sqrt: command('sqrt'),
  pi: command('pi'),
  sin: command('sin'),
  cos: command('cos'),
  tan: command('tan'),
  log: command('log'),
  ln: command('ln'),
  infinity: command('infty'),
};

function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The token of a command (without its backslash), or null for one that only spaces or styles. */
export function commandToken(name: string): LatexToken | null {
  if (ignoredCommands.has(name) || name.trim() === '') return null;
  const text = lookUp(commandNames, name) ?? name;
  return lookUp(commandTokens, text) ?? command(text);
}

/** The token of a character, or null for a currency sign or a space. */
export function markToken(text: string): LatexToken | null {
  return ignoredMarks.has(text) ? null : (lookUp(markTokens, text) ?? mark(text));
}

/** The token of a run of letters; the names of functions and of percent are what they name. */
export function lettersToken(text: string): LatexToken {
  return lookUp(letterTokens, text) ?? { kind: 'letters', text };
}
