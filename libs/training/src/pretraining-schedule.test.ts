import { expect, test } from 'vitest';
import { pretrainingRate } from './pretraining-schedule.ts';

const schedule = { learningRate: 1, warmupSteps: 4, decayShare: 0.3 };
const rates = Array.from({ length: 20 }, (_, step) => pretrainingRate(step, 20, schedule));

test('the learning rate rises over the warm-up, stays, and falls over the last 30 %', () => {
  expect(rates.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
  expect(rates.slice(13, 15)).toEqual([1, 1]);
  expect(rates[15]).toBeCloseTo(5 / 6);
  expect(rates[19]).toBeCloseTo(1 / 6);
});

test('without warm-up and decay it is constant', () => {
  const flat = { learningRate: 0.5, warmupSteps: 0, decayShare: 0 };
  expect(pretrainingRate(0, 3, flat)).toBe(0.5);
  expect(pretrainingRate(2, 3, flat)).toBe(0.5);
});
