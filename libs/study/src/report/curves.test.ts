import { expect, test } from 'vitest';
import { band, downsample, ratioCurve } from './curves.ts';
import { madeTrial } from './study.fixture.ts';

test('long curves become means of windows at their middle; values that are missing are left out', () => {
  const curve = [
    [1, 10],
    [2, null],
    [3, 1],
    [4, 3],
    [5, 7],
  ] as const;
  expect(downsample(curve, 3)).toEqual([
    [1.5, 10],
    [3.5, 2],
    [5, 7],
  ]);
  expect(downsample(curve, 5)).toBe(curve);
  expect(downsample([[1, null]], 1)).toEqual([[1, null]]);
});

test('a band is the median of the seeds with the extremes, of the seeds that have a value', () => {
  const seeds = [
    [
      [0, 1],
      [10, 4],
    ],
    [
      [0, 3],
      [10, null],
    ],
    [
      [0, 8],
      [10, Number.NaN],
    ],
  ] as const;
  expect(band(seeds)).toEqual([
    { x: 0, y: 3, low: 1, high: 8 },
    { x: 10, y: 4, low: 4, high: 4 },
  ]);
});

test('a ratio is of sums, and none where there is nothing to divide by', () => {
  const trial = madeTrial({ base: 'sums', arm: 'srt', seed: 1, greedy: [0.1, 0.2] });
  const right = ratioCurve(
    trial,
    ({ low }) => low.right,
    ({ low }) => low.count,
  );
  expect(right).toHaveLength(10);
  expect(right[0]).toEqual([1, 0.25]);
  expect(
    ratioCurve(
      trial,
      ({ low }) => low.right,
      () => 0,
    )[0],
  ).toEqual([1, null]);
});
