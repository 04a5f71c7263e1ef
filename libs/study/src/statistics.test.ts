import { expect, test } from 'vitest';
import { topShare } from './statistics.ts';

test('the share of the most common value is 0 of no values', () => {
  expect(topShare(['a', 'b', 'a', 'c'])).toBe(0.5);
  expect(topShare([])).toBe(0);
});
