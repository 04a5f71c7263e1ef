import { expect, test } from 'vitest';
import { majority, passAtK, topShare } from './statistics.ts';

test('pass@k is the chance of at least one right among k of n samples', () => {
  // 8 samples, 2 right: 1 - C(6, 4) / C(8, 4) = 1 - 15 / 70.
  expect(passAtK(8, 2, 4)).toBeCloseTo(55 / 70, 12);
  expect(passAtK(8, 2, 1)).toBeCloseTo(0.25, 12);
  expect([passAtK(8, 0, 8), passAtK(8, 1, 8), passAtK(8, 5, 4)]).toEqual([0, 1, 1]);
});

test('the majority is the most common value, the earliest of equals, never null', () => {
  expect(majority([null, null, 'b', 'a', 'a', 'b'])).toBe('b');
  expect(majority([null])).toBeNull();
  expect(topShare(['a', 'b', 'a', 'c'])).toBe(0.5);
  expect(topShare([])).toBe(0);
});
