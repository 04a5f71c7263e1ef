import { expect, test } from 'vitest';
import { learningRateAt } from './learning-rate.ts';

const options = {
  learningRate: 1,
  schedule: 'cosine',
  warmupRatio: 0.2,
  warmup: 'linear',
} as const;
const rates = (overrides: Partial<Parameters<typeof learningRateAt>[2]> = {}, total = 10) =>
  Array.from({ length: total + 2 }, (_, step) =>
    learningRateAt(step, total, { ...options, ...overrides }),
  );

test('linear warm-up, then a cosine to 0', () => {
  const half = (eighths: number) => (1 + Math.cos((Math.PI * eighths) / 8)) / 2;
  const expected = [0.5, 1, ...[0, 1, 2, 3, 4, 5, 6, 7].map(half), 0, 0];
  rates().forEach((rate, step) => {
    expect(rate).toBeCloseTo(expected[step]!, 12);
  });
});

test("verl's warm-up is one step late: the first update has a learning rate of 0", () => {
  expect(rates({ warmup: 'verl' }).slice(0, 4)).toEqual([0, 0.5, ...rates().slice(2, 4)]);
});

test('a constant schedule stays after the warm-up', () => {
  expect(rates({ schedule: 'constant' })).toEqual([0.5, ...new Array<number>(11).fill(1)]);
  expect(rates({ schedule: 'constant', warmupRatio: 0 })[0]).toBe(1);
});

test('a warm-up of less than one step is none', () => {
  expect(rates({ warmupRatio: 0.1 }, 5)[0]).toBe(1);
});
