import { expect, test } from 'vitest';
import { hiddenTestsJson } from './hidden-tests.ts';

// Made by Python: base64(zlib.compress(pickle.dumps(json.dumps(cases), protocol=P), 9)).
const cases = [
  { input: '1 2\n', output: '3\n', testtype: 'stdin' },
  { input: 'é', output: 'x'.repeat(300), testtype: 'stdin' },
];

test.each([
  [
    2,
    'eNprYIqYx8jAEF2tlJlXUFqiZKWgZKhgFJOnpKOglF9aAhUyhgiUpBaXlFQWpIKEiktSMvOUanUUkHTGlBoYpFqiaq0YBUQDHGEcW8igBwBpLrFM',
  ],
  [
    4,
    'eNprYJm6lJEBDCLmARnR1UqZeQWlJUpWCkqGCkYxeUo6Ckr5pSVQIWOIQElqcUlJZUEqSKi4JCUzT6lWRwFJZ0ypgUGqJarWilFANMARxrFT9ADQ0bKs',
  ],
  [
    5,
    'eNprYJ26lJEBDCLmARnR1UqZeQWlJUpWCkqGCkYxeUo6Ckr5pSVQIWOIQElqcUlJZUEqSKi4JCUzT6lWRwFJZ0ypgUGqJarWilFANMARxrFT9ADSgLKt',
  ],
])('pickle protocol %i', (_, cell) => {
  expect(JSON.parse(hiddenTestsJson(cell))).toEqual(cases);
});

test('JSON stays as it is', () => {
  expect(hiddenTestsJson(JSON.stringify(cases))).toBe(JSON.stringify(cases));
});

test('a pickle that calls a function is refused, and so is anything else', () => {
  // Of `os.system("ls")`.
  expect(() => hiddenTestsJson('eJxrYEnOL+YqriwuSc3l0ohgYmBgyCkuCdIDAFy9Btg=')).toThrow(
    /pickle of something else/,
  );
  expect(() => hiddenTestsJson('hello')).toThrow(/neither JSON nor packed/);
});
