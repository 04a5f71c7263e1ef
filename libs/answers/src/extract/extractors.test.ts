import { expect, test } from 'vitest';
import { extractAfterArrow } from './after-arrow.ts';
import { answerOf } from './extractors.ts';
import { extractFirstName } from './first-name.ts';

test.each([
  ['73162>2$', '2'],
  ['>2$', '2'],
  ['7>3>15', '15'],
  ['>2$9', '2'],
  ['>', ''],
  ['73162', null],
  ['$', null],
])('after the last arrow of %j stands %j', (text, answer) => {
  expect(extractAfterArrow(text)).toBe(answer);
});

test.each([
  ['One day, a girl named Lily met Tom.', 'Lily'],
  ['Once upon a time there was a dog. He was big.', null],
  ['Tom and Lily', 'Lily'],
  ['a girl, Lily', null],
  ['then I saw Émile', 'Émile'],
  ['the\n  Lily', 'Lily'],
  ['the Lily’s toy', 'Lily'],
  ['', null],
])('the first name in %j is %j', (text, name) => {
  expect(extractFirstName(text)).toBe(name);
});

test('extractors take one pass over a megabyte', () => {
  const mebi = 1 << 20;
  const start = performance.now();
  extractFirstName('a'.repeat(mebi));
  extractFirstName('a '.repeat(mebi / 2));
  extractFirstName(' '.repeat(mebi));
  extractFirstName('.'.repeat(mebi));
  extractAfterArrow('>'.repeat(mebi));
  expect(performance.now() - start).toBeLessThan(2000);
});

test('the answer of a response is canonical, and nothing at all is no answer', () => {
  expect(answerOf('so $\\boxed{\\dfrac{2}{4}}$', 'boxed')).toBe('1/2');
  expect(answerOf('\\boxed{ }', 'boxed')).toBeNull();
  expect(answerOf('\\boxed{\\text{}}', 'boxed')).toBeNull();
  expect(answerOf('12>$', 'after-arrow')).toBeNull();
  expect(answerOf('12>02$', 'after-arrow')).toBe('2');
  expect(answerOf('a boy called Tim', 'first-name')).toBe('Tim');
});
