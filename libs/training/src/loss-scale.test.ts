import { expect, test } from 'vitest';
import { initialLossScale, isOverflow, type LossScale, nextLossScale } from './loss-scale.ts';

const after = (start: LossScale, outcome: 'made' | 'overflowed' | 'skipped', times = 1) =>
  Array.from({ length: times }).reduce<LossScale>((scale) => nextLossScale(scale, outcome), start);

test('an overflow halves the scale, 2000 steps double it, and other skips leave it', () => {
  expect(after(initialLossScale, 'overflowed', 3)).toEqual({ scale: 2 ** 13, steps: 0 });
  expect(after(initialLossScale, 'made', 1999)).toEqual({ scale: 2 ** 16, steps: 1999 });
  expect(after(initialLossScale, 'made', 2000)).toEqual({ scale: 2 ** 17, steps: 0 });
  const middle = after(initialLossScale, 'made', 7);
  expect(after(middle, 'skipped')).toEqual(middle);
  expect(after(middle, 'overflowed')).toEqual({ scale: 2 ** 15, steps: 0 });
  expect(after(initialLossScale, 'made', 2000 * 20).scale).toBe(2 ** 24);
});

test('at scale 1 a gradient that is not finite is no overflow of the scale, and a loss never is', () => {
  expect(isOverflow('gradient', { scale: 2, steps: 0 })).toBe(true);
  expect(isOverflow('gradient', { scale: 1, steps: 0 })).toBe(false);
  expect(isOverflow('loss', initialLossScale)).toBe(false);
});
