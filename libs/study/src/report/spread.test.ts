import { expect, test } from 'vitest';
import { pairedDifferences, signTest, spreadOf } from './spread.ts';

test('a spread is the middle value with the extremes', () => {
  expect(spreadOf([0.3, 0.1, 0.2])).toEqual({ median: 0.2, min: 0.1, max: 0.3, count: 3 });
  expect(spreadOf([4, 1, 2, 8])).toEqual({ median: 3, min: 1, max: 8, count: 4 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7, count: 1 });
  expect(spreadOf([])).toBeNull();
});

test('differences are of the seeds that both arms have', () => {
  const arm = new Map([
    [1, 8],
    [2, 5],
    [4, 9],
  ]);
  const baseline = new Map([
    [2, 6],
    [3, 1],
    [4, 2],
    [1, 3],
  ]);
  expect(pairedDifferences(arm, baseline)).toEqual({
    seeds: [1, 2, 4],
    median: 5,
    min: -1,
    max: 7,
    count: 3,
    numPositive: 2,
    signTestP: 1,
  });
  expect(pairedDifferences(new Map([[9, 1]]), baseline)).toBeNull();
});

test.each([
  [3, 0, 0.25],
  [5, 0, 0.0625],
  [0, 5, 0.0625],
  // 2 (1 + 5) / 32
  [4, 1, 0.375],
  [2, 2, 1],
  [0, 0, 1],
])('of %i positive and %i negative differences the sign test gives p = %f', (up, down, p) => {
  expect(signTest(up, down)).toBeCloseTo(p, 12);
});
