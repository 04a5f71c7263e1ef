import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractBoxed } from './boxed.ts';

test.each([
  ['so \\boxed{42}.', '42'],
  ['first \\boxed{1}, then \\boxed{2}', '2'],
  ['\\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
  ['\\fbox{7}', '7'],
  ['\\boxed{\\{1, 2\\}}', '\\{1, 2\\}'],
  ['\\boxed{\\left\\{ x \\right\\}}', '\\left\\{ x \\right\\}'],
  ['nested \\boxed{a \\boxed{b} c}', 'b'],
  ['escaped as in JSON \\\\boxed{5}', '5'],
  ['a line break \\\\{ }\\boxed{5}', '5'],
  ['\\boxed{}', ''],
  ['{{{ \\boxed{3}', '3'],
  ['}}} \\boxed{3} }}}', '3'],
  ['\\boxed{5} and, cut at the limit, \\boxed{6', '5'],
  ['\\boxed{1 + \\boxed{2}', '2'],
])('the last closed box of %s is %s', (text, answer) => {
  expect(extractBoxed(text)).toBe(answer);
});

test.each(['', 'no box', '\\boxed', '\\boxed 5', '\\boxed{5', 'boxed{5}', '\\boxedx{5}', '\\'])(
  'there is no box in %j',
  (text) => {
    expect(extractBoxed(text)).toBeNull();
  },
);

describe('a megabyte takes one pass', () => {
  const mebi = 1 << 20;
  test.each([
    ['open braces', '{'.repeat(mebi)],
    ['closing braces', '}'.repeat(mebi)],
    ['open boxes', '\\boxed{'.repeat(mebi / 7)],
    ['nested boxes', '\\boxed{'.repeat(mebi / 8) + '}'.repeat(mebi / 8)],
    ['backslashes', '\\'.repeat(mebi)],
    ['commands without a brace', '\\boxed'.repeat(mebi / 6)],
    ['spaces', `\\boxed${' '.repeat(mebi)}{5}`],
  ])('%s', (_, text) => {
    const start = process.threadCpuUsage();
    extractBoxed(`${text}\\boxed{1}`);
    // A pass takes some milliseconds of this thread; a quadratic scan would take minutes.
    const { user, system } = process.threadCpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(200);
  });
});

test('whatever surrounds it, a balanced box at the end is found', () => {
  const balanced = fc.letrec((tie) => ({
    text: fc.array(fc.oneof(fc.constantFrom('a', '1', '\\{', '\\}', ' ', '\\frac'), tie('group')), {
      maxLength: 5,
    }),
    group: tie('text').map((parts) => `{${(parts as string[]).join('')}}`),
  }));
  const noise = fc.array(fc.constantFrom('{', '}', '\\boxed{', 'x', '\\{', '\\ '), {
    maxLength: 10,
  });
  fc.assert(
    fc.property(noise, balanced.text, (before, parts) => {
      const answer = (parts as string[]).join('');
      expect(extractBoxed(`${before.join('')}\\boxed{${answer}}`)).toBe(answer);
    }),
  );
});
