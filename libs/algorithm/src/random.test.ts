import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normal, randomBelow, rolloutKey, type StreamName, streamKey, uniform } from './random.ts';

const stream = {
  seed: 1,
  purpose: 'train' as const,
  iteration: 3,
  prompt: 2,
  role: 'policy' as const,
};

test('a uniform number is a multiple of 2^-24 in [0, 1), so float32 holds it exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(0xffffffff), (seed, position) => {
      const u = uniform(rolloutKey({ ...stream, seed }, 7), position);
      expect(u).toBeGreaterThanOrEqual(0);
      expect(u).toBeLessThan(1);
      expect(Math.fround(u)).toBe(u);
      expect(Number.isInteger(u * 2 ** 24)).toBe(true);
    }),
  );
});

test('the numbers of a stream never change (computed by an independent script in Python)', () => {
  const key = rolloutKey(stream, 0);
  expect(key).toEqual([4271592954, 954558450, 3644661559, 240152063]);
  expect([0, 1, 2].map((position) => uniform(key, position) * 2 ** 24)).toEqual([
    6692384, 2565903, 16167227,
  ]);
});

test('every part of a name counts, also the high half of the seed', () => {
  const names: StreamName[] = [
    stream,
    { ...stream, seed: 2 },
    { ...stream, seed: 1 + 2 ** 32 },
    { ...stream, purpose: 'eval' },
    { ...stream, iteration: 4 },
    { ...stream, prompt: 3 },
    { ...stream, role: 'momentum' },
    { ...stream, rollout: 1 },
  ];
  expect(new Set(names.map((name) => streamKey(name).join())).size).toBe(names.length);
});

test('uniform numbers fill 100 bins evenly (chi-squared, 99 degrees of freedom, p > 0.001)', () => {
  const bins = new Array<number>(100).fill(0);
  const key = rolloutKey(stream, 0);
  for (let i = 0; i < 100_000; i++) bins[Math.floor(uniform(key, i) * 100)]! += 1;
  const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquared).toBeLessThan(148.2);
});

test('normal numbers have mean 0, variance 1 and kurtosis 3', () => {
  const key = streamKey({ seed: 5, purpose: 'initial-weights' });
  const n = 100_000;
  const draws = Array.from({ length: n }, (_, i) => normal(key, i));
  const moment = (power: number) => draws.reduce((sum, z) => sum + z ** power, 0) / n;
  expect(Math.abs(moment(1))).toBeLessThan(0.015);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
});

test('a random integer is below its bound and reaches every value', () => {
  const key = streamKey({ seed: 5, purpose: 'pretraining' });
  const seen = new Set(Array.from({ length: 500 }, (_, i) => randomBelow(key, i, 10)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a seed or an index that would be truncated is refused', () => {
  expect(() => streamKey({ ...stream, seed: -1 })).toThrow(/seed must be an integer/);
  expect(() => streamKey({ ...stream, seed: 0.5 })).toThrow(/seed must be an integer/);
  expect(() => streamKey({ ...stream, iteration: 2 ** 32 })).toThrow(/iteration/);
  expect(() => rolloutKey(stream, -1)).toThrow(/rollout/);
});
