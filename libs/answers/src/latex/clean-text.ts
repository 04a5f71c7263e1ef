const invisible = /(?!\s)[\p{Cf}\p{Cc}]/gu;

/** Characters that NFKC would flatten: `x²` is not `x2`, and `1½` is not `11/2`. */
const spelledOut: Readonly<Record<string, string>> = {
  '⁰': '^0',
  '¹': '^1',
  '²': '^2',
  '³': '^3',
  '⁴': '^4',
  '⁵': '^5',
  '⁶': '^6',
  '⁷': '^7',
  '⁸': '^8',
  '⁹': '^9',
  '½': '\\frac{1}{2}',
  '⅓': '\\frac{1}{3}',
  '⅔': '\\frac{2}{3}',
  '¼': '\\frac{1}{4}',
  '¾': '\\frac{3}{4}',
};
const toSpellOut = new RegExp(`[${Object.keys(spelledOut).join('')}]`, 'gu');
/** Plain ASCII, the common case, needs no work. */
const plain = /^[\s -~]*$/;

/** Without invisible characters (NUL, marks of writing direction); wide and styled characters are plain. */
function plainText(text: string): string {
  if (plain.test(text)) return text;
  return text
    .replace(invisible, '')
    .replace(toSpellOut, (character) => spelledOut[character] ?? character)
    .normalize('NFKC');
}

// Two backslashes and not three: `\\\frac` is the end of a matrix row and a fraction.
const doubled =
  /(?<!\\)\\\\(?=(?:[dt]?frac|sqrt|left|right|text|boxed|pi|infty|cup|cdot|times|leq?|geq?|neq?|begin|end|mathrm|circ|pm|theta)(?![A-Za-z]))/g;
const singleBackslash = /(?<!\\)\\(?!\\)/;

/** Text that was escaped as in JSON has two backslashes for one. */
function unescaped(text: string): string {
  if (!text.includes('\\\\')) return text;
  const isEscaped = doubled.test(text) && !singleBackslash.test(text);
  doubled.lastIndex = 0;
  return isEscaped ? text.replaceAll('\\\\', '\\') : text.replace(doubled, '\\');
}

const thousandsSeparator = /(?<=\d)(?:\{,\}|,\s?\\!\s?|\\,)(?=\d{3}(?!\d))/g;
const groupedDigits = /^([^\d,([{]*)(\d{1,3}(?:,\d{3})+)(?![\d,])([^,]*)$/;
const spacedDigits = /^[+-]?\d{1,3}(?:[ ~]\d{3})+$/;

/** `1{,}000`, `1,\!000`, `1\,000` and, where nothing could make it a list, `1,000` and `1 000` are 1000. */
function joinThousands(text: string): string {
  const joined = text.replace(thousandsSeparator, '');
  if (spacedDigits.test(joined)) return joined.replace(/[ ~]/g, '');
  return joined.replace(
    groupedDigits,
    (_, before: string, digits: string, after: string) =>
      before + digits.replaceAll(',', '') + after,
  );
}

const bold = /^\*\*([^*]*)\*\*$/;

/** The text of an answer, ready to be cut into tokens. Idempotent, linear. */
export function cleanText(text: string): string {
  const escaped = unescaped(plainText(text).trim().replace(bold, '$1'));
  return joinThousands(escaped);
}
