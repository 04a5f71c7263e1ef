import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractBoxed } from './boxed.ts';
import { canonicalAnswer } from './canonical-answer.ts';

describe('answers that are equal', () => {
  test.each([
    [
      '5',
      [
        '5',
        ' 5 ',
        '$5$',
        '\\(5\\)',
        '5.',
        '5.0',
        '5.00',
        '+5',
        '05',
        '\\text{5}',
        '{5}',
        '(5)',
        '\\left(5\\right)',
      ],
    ],
    ['-5', ['-5', '- 5', '−5', '-5.0', '-\\frac{10}{2}', '\\frac{-5}{1}', '\\frac{5}{-1}', '-(5)']],
    ['0', ['0', '-0', '0.0', '\\frac{0}{7}', '0/3']],
    [
      '1/2',
      [
        '1/2',
        '0.5',
        '.5',
        '0.50',
        '\\frac{1}{2}',
        '\\dfrac{2}{4}',
        '\\tfrac12',
        '\\frac1{2}',
        '\\frac 1 2',
        '(1)/(2)',
        '50/100',
        '\\frac{0.5}{1}',
      ],
    ],
    [
      '-3/4',
      ['-3/4', '-0.75', '-\\frac{3}{4}', '\\frac{-3}{4}', '\\frac{3}{-4}', '\\dfrac{-6}{8}'],
    ],
    ['3/2', ['1\\frac{1}{2}', '1 \\frac12', '1 1/2', '1.5', '3/2']],
    [
      '1000000',
      [
        '1000000',
        '1,000,000',
        '1{,}000{,}000',
        '1,\\!000,\\!000',
        '\\$1,000,000',
        '1 \\times 10^{6}',
        '1e6',
        '1\\cdot10^6',
      ],
    ],
    ['29/2000000', ['1.45e-5', '1.45 \\times 10^{-5}', '0.0000145']],
    ['2469/2', ['1,234.5', '1234.50', '\\$1{,}234.50']],
    ['28%', ['28%', '28\\%', '28.0 \\%', '28 percent', '28\\text{ percent}', '$28\\%$.']],
    ['90', ['90', '90^\\circ', '90^{\\circ}', '90°', '90\\degree', '$90^\\circ$']],
    ['5/2', ['x = 5/2', 'x=2.5', 'x_1=\\frac{5}{2}', 'x_{1} = 2.5', 'k=2.5']],
    ['[0,1)', ['[0,1)', '\\left[0, 1\\right)', 'x \\in [0,1)', 'x\\in[0.0,1)']],
    ['(3/5,8/3]', ['(\\frac{3}{5},\\frac{8}{3}]', '(0.6, \\dfrac{8}{3}]']],
    ['2\\sqrt3', ['2\\sqrt{3}', '2 \\sqrt 3', '2\\sqrt3', '2\\,\\sqrt{3}']],
    ['x^2+1', ['x^2 + 1', 'x^{2}+1', '$x^2+1.$']],
    [
      'Evelyn',
      ['Evelyn', '\\text{Evelyn}', '\\textbf{Evelyn}.', '\\mathrm{Evelyn}', '(\\text{Evelyn})'],
    ],
    ['15cm^2', ['15\\text{ cm}^2', '15 \\mbox{ cm}^{2}', '15 cm^2']],
    ['x\\leq2', ['x \\leq 2', 'x \\le 2', 'x <= 2', 'x ≤ 2']],
    ['1, 2, 3', ['1,2,3', '1, 2, 3', '{1,2,3}', '1.0, \\frac{4}{2}, 3']],
    ['2\\pi', ['2\\pi', '2 \\pi', '2π', '2\\,\\pi']],
  ])('%s', (canonical, spellings) => {
    for (const spelling of spellings) expect(canonicalAnswer(spelling), spelling).toBe(canonical);
  });
});

describe('answers that differ', () => {
  test.each([
    ['10', '10%'],
    ['1', '2'],
    ['5', '-5'],
    ['0.3333', '\\frac{1}{3}'],
    ['0.333', '0.333...'],
    ['32,349', '32, 349'],
    ['(1,2)', '(2,1)'],
    ['(1,2)', '(12)'],
    ['[0,1)', '[0,1]'],
    ['1 2', '12'],
    ['1 1/2', '11/2'],
    ['2^{10}', '2^10'],
    ['4', '4\\sqrt{2}'],
    ['\\{1\\}', '1'],
    ['a', 'A'],
    ['10 cm', '10'],
    ['x+1', 'x-1'],
    ['\\frac{1}{x}', 'x'],
    ['a^2+b=0', '0'],
    ['7=11a+c', '11a+c'],
    ['1/0', '0'],
    ['\\pm 2021', '2021'],
    ['12:00', '12'],
    ['1,2', '1.2'],
  ])('%s and %s', (a, b) => {
    expect(canonicalAnswer(a)).not.toBe(canonicalAnswer(b));
  });
});

// Pieces that LaTeX answers are made of, and some that break them.
const piece = fc.constantFrom(
  ...[
    '1',
    '10',
    '0.50',
    '.5',
    '12,345',
    '000',
    ',',
    ', ',
    '\\frac',
    '\\frac12',
    '\\frac{2}{4}',
    '{',
    '}',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    '\\{',
    '\\}',
    'x',
    'ab',
    '-',
    '+',
    '/',
    '^',
    '_',
    '=',
    '\\in',
    '\\pi',
    '\\text{',
  ],
  ...[
    '\\sqrt{',
    '%',
    '\\%',
    '^\\circ',
    '$',
    '.',
    ' ',
    '\\',
    '\\\\',
    '\\!',
    '{,}',
    'e5',
    '\\times10^',
    'x=',
  ],
  ...['percent', '\\left(', '\\right)', 'π', '<', '\0', '\n', '{x}', '{2}', '\u200f', '\ud800'],
);
const answers = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

test('the canonical form of a canonical form is itself', () => {
  fc.assert(
    fc.property(answers, (text) => {
      const canonical = canonicalAnswer(text);
      expect(canonicalAnswer(canonical)).toBe(canonical);
    }),
    { numRuns: 5000 },
  );
});

test('any fraction has one form, however it is written', () => {
  const integer = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const positive = fc.bigInt({ min: 1n, max: 10n ** 20n });
  fc.assert(
    fc.property(integer, positive, positive, (numerator, denominator, factor) => {
      const plain = canonicalAnswer(`${numerator}/${denominator}`);
      const scaled = `{${numerator * factor}}{${denominator * factor}}`;
      expect(canonicalAnswer(`\\frac${scaled}`)).toBe(plain);
      expect(canonicalAnswer(`$\\dfrac${scaled}$.`)).toBe(plain);
      expect(canonicalAnswer(`\\frac{${-numerator}}{${-denominator}}`)).toBe(plain);
    }),
  );
});

test('decimals are exact', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(6), fc.nat(5), (digits, places, zeros) => {
      const text = String(digits).padStart(places + 1, '0');
      const at = text.length - places;
      const decimal = `${text.slice(0, at)}.${text.slice(at)}${'0'.repeat(zeros + (places === 0 ? 1 : 0))}`;
      expect(canonicalAnswer(decimal)).toBe(canonicalAnswer(`${digits}/${10 ** places}`));
    }),
  );
});

describe('no input is expensive', () => {
  test.each([
    ['a megabyte of braces', '{'.repeat(1 << 20)],
    ['2,000 open braces', '{'.repeat(2000)],
    ['1,000 nested braces', `${'{'.repeat(1000)}${'}'.repeat(1000)}`],
    ['nested fractions', '\\frac{1}{'.repeat(200) + '}'.repeat(200)],
    ['400 fractions without braces', '\\frac'.repeat(400)],
    ['a number of 2,000 digits', '9'.repeat(2000)],
    ['a tower of powers', '5^{5^{5^{5^5}}}'],
    ['a huge exponent', '1e999999999'],
    ['a huge power of ten', '1\\times10^{999999999}'],
    ['2,000 commas', ','.repeat(2000)],
    ['thousands that never end', '1,000'.repeat(400)],
    ['2,000 spaces', `1${' '.repeat(1998)}2`],
  ])('%s', (_, text) => {
    const start = performance.now();
    const canonical = canonicalAnswer(text);
    expect(performance.now() - start).toBeLessThan(200);
    expect(canonicalAnswer(canonical)).toBe(canonical);
  });
});

interface EquivalenceCase {
  gold: string;
  pred: string;
  equal: boolean;
}

const casesFile = new URL('../../../../shared/data/math_equivalence_cases.jsonl', import.meta.url);

test.skipIf(!existsSync(casesFile))(
  "on the pairs of public graders' tests no unequal pair is merged (skipped where the file is absent)",
  () => {
    const lines = readFileSync(casesFile, 'utf8').trim().split('\n');
    const cases = lines.map((line) => JSON.parse(line) as EquivalenceCase);
    const form = (text: string) => canonicalAnswer(extractBoxed(text) ?? text);
    const merged = cases.filter(({ gold, pred }) => form(gold) === form(pred));
    const numEqual = cases.filter(({ equal }) => equal).length;
    const numFound = merged.filter(({ equal }) => equal).length;
    console.info(
      `answers: ${numFound} of ${numEqual} equal pairs recognised, none of ${cases.length - numEqual} unequal ones may be`,
    );
    expect(merged.filter(({ equal }) => !equal)).toEqual([]);
    // Sets, text around the answer, units, approximations and algebra are left for later.
    expect(numFound).toBeGreaterThanOrEqual(60);
  },
);
