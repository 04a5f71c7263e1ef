import { expect, test } from 'vitest';
import { trajectoryEntropy } from './trajectory-entropy.ts';

test('the trajectory entropy is the mean or the sum over the response tokens', () => {
  expect(trajectoryEntropy([0.5, 1, 0], 'mean')).toBe(0.5);
  expect(trajectoryEntropy([0.5, 1, 0], 'sum')).toBe(1.5);
  expect(trajectoryEntropy(Float32Array.of(0.25), 'mean')).toBe(0.25);
});

test('a response without tokens is refused', () => {
  expect(() => trajectoryEntropy([], 'mean')).toThrow(/without tokens/);
});
