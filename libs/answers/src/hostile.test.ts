import { describe, expect, test } from 'vitest';
import { canonicalAnswer, readAnswer } from './canonical-answer.ts';
import { answerInText } from './extract/answer-in-text.ts';
import { answerOf, extractors } from './extract/extractors.ts';

const mebi = 1 << 20;
const sums = (n: number) => Array.from({ length: n }, (_, i) => `(x_${i}+y_${i}+1)`).join('');

const inputs: readonly (readonly [name: string, text: string])[] = [
  ['a megabyte of braces', '{'.repeat(mebi)],
  ['a megabyte of closed braces', '}'.repeat(mebi)],
  ['2,000 open braces', '{'.repeat(2000)],
  ['1,000 nested braces', `${'{'.repeat(1000)}${'}'.repeat(1000)}`],
  ['49 nested parentheses', `${'('.repeat(49)}x+1${')'.repeat(49)}`],
  ['40 nested squares', `${'('.repeat(40)}x+1${')^2'.repeat(40)}`],
  ['nested roots', `${'\\sqrt{1+'.repeat(45)}x${'}'.repeat(45)}`],
  ['100,000 nested fractions', '\\frac{1}{'.repeat(100_000) + '}'.repeat(100_000)],
  ['45 nested fractions', `${'\\frac{1}{1+'.repeat(45)}x${'}'.repeat(45)}`],
  ['nested fractions that are no expressions', `${'\\frac{1}{?'.repeat(45)}x${'}'.repeat(45)}`],
  ['nested sets', `${'\\{1,'.repeat(45)}x${'\\}'.repeat(45)}`],
  ['nested signs', `${'\\{\\pm '.repeat(40)}x${'\\}'.repeat(40)}`],
  ['400 fractions without braces', '\\frac'.repeat(400)],
  ['unclosed groups', '(1,[2,\\{3,\\left(4,'.repeat(100)],
  ['deep left and right', `${'\\left('.repeat(300)}${'\\right)'.repeat(300)}`],
  ['NUL bytes', '\0'.repeat(1999)],
  ['marks of writing direction', '\u202e5\u200f'.repeat(600)],
  ['lone surrogates', '\ud800'.repeat(1999)],
  ['ligatures that grow', '\ufdfa'.repeat(1999)],
  ['a number of 2,000 digits', '9'.repeat(2000)],
  ['a root of a number of 199 digits', `\\sqrt{${'7'.repeat(199)}}`],
  ['many roots of long numbers', `\\sqrt{${'7'.repeat(99)}}+`.repeat(17)],
  ['a tower of powers', '5^{5^{5^{5^5}}}'],
  ['a tower of powers to the left', '(((((5^5)^5)^5)^5)^5)^5'],
  ['powers of sums of powers', '((((2^x+1)^9+1)^9+1)^9+1)^9'],
  ['a huge exponent', '1e999999999'],
  ['a huge power', '2^{99999999999999999999}'],
  ['a huge root', '\\sqrt[99999999999]{2}'],
  ['a huge power of ten', '1\\times10^{999999999}'],
  ['a giant polynomial', '(x+1)^{1000}'],
  ['the largest power that is multiplied out', '(x+1)^{199}(x+2)^{199}'],
  ['a power of many terms', '(a+b+c+d+f+g+h+j+k)^{9}'],
  ['a product of many sums', sums(40)],
  ['a quotient of many sums', `\\frac{1}{${sums(12)}}`],
  ['a sum of many fractions', Array.from({ length: 30 }, (_, i) => `\\frac{1}{x+${i}}`).join('+')],
  ['a continued fraction', `${'\\frac{1}{x+'.repeat(40)}x${'}'.repeat(40)}`],
  ['a quotient of long polynomials', '\\frac{(x+1)^{60}(x+7)^{40}}{(x+3)^{50}(x+7)^{30}}'],
  ['surds in a denominator', '\\frac{1}{1+\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7}'],
  ['a quotient of huge numbers', `\\frac{${'9'.repeat(190)}}{${'7'.repeat(190)}}+x`.repeat(4)],
  ['a factorial of a factorial', '((((50!)!)!)!)!'],
  ['2,000 commas', ','.repeat(2000)],
  ['2,000 bars', '|'.repeat(2000)],
  ['thousands that never end', '1,000'.repeat(400)],
  ['2,000 spaces', `1${' '.repeat(1998)}2`],
  ['digits between backslashes', '\\\\'.repeat(999)],
  ['1,000 relations', '1='.repeat(999)],
  ['names in a row', 'angle '.repeat(330)],
  ['unions', '(1,2)\\cup'.repeat(200)],
  ['a large matrix', `\\begin{matrix}${'1&\\\\'.repeat(480)}\\end{matrix}`],
  ['environments that never end', '\\begin{array}{'.repeat(130)],
];

/** The CPU time of the middle of three runs (ms): the machine has other work. */
function time(run: () => void): number {
  const times = [0, 1, 2].map(() => {
    const start = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[1]!;
}

describe('no answer is expensive', () => {
  test.each(inputs)('%s', (_, text) => {
    expect(time(() => canonicalAnswer(text))).toBeLessThan(200);
    const canonical = canonicalAnswer(text);
    expect(canonicalAnswer(canonical)).toBe(canonical);
  });
});

describe('no response is expensive', () => {
  const responses = [
    ...inputs,
    ...inputs.map(([name, text]) => [`${name}, boxed`, `\\boxed{${text}}`] as const),
    ['a megabyte of dollars', '$'.repeat(mebi)],
    ['a megabyte of open boxes', '\\boxed{'.repeat(mebi / 7)],
    ['a megabyte of boxes', '\\boxed{1}, '.repeat(mebi / 11)],
    ['a megabyte of formulas', '$1$ and '.repeat(mebi / 8)],
    ['a megabyte of open formulas', '\\( $ \\['.repeat(mebi / 8)],
    ['a megabyte of announcements', 'the answer is '.repeat(mebi / 14)],
    ['a megabyte of digits', '1'.repeat(mebi)],
    ['a megabyte of commas and digits', '1,'.repeat(mebi / 2)],
    ['a megabyte of words', 'word '.repeat(mebi / 5)],
    ['a megabyte of letters', 'a'.repeat(mebi)],
    ['a megabyte of backslashes', '\\'.repeat(mebi)],
  ] as const;
  test.each(responses)('%s', (_, text) => {
    expect(time(() => answerInText(text))).toBeLessThan(200);
    for (const name of Object.keys(extractors) as (keyof typeof extractors)[]) {
      expect(time(() => answerOf(text, name))).toBeLessThan(200);
    }
  });
});

test('what is not read says why', () => {
  const refusals = (texts: readonly string[]) => texts.map((text) => readAnswer(text).refusal);
  expect(refusals(['{'.repeat(2001), '(1', '9'.repeat(201), sums(40)])).toEqual([
    'too-long',
    'brackets',
    'too-much-work',
    'too-much-work',
  ]);
  expect(refusals(['5', 'x+1', '5^{5^{5^{5^5}}}', '\\text{Evelyn}'])).toEqual([
    null,
    null,
    null,
    null,
  ]);
});
