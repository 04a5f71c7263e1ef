import { expect, test } from 'vitest';
import type { Completion } from './completion.ts';
import { compareWithOwn, isSameAnswer, probeDifference } from './probe.ts';

function answer(
  tokens: number[],
  logprobs: number[],
  change: Partial<Completion> = {},
): Completion {
  const names = tokens.map(String);
  const top = tokens.map((token, i) => ({ [token]: logprobs[i]!, 99: -4 }));
  return { tokens, logprobs, names, top, finishReason: 'length', weightStamp: null, ...change };
}

test('answers compare as far as their texts are the same, and one position further', () => {
  const a = answer([1, 2, 3], [-0.1, -0.2, -0.3]);
  const b = answer([1, 5, 3], [-0.15, -2, -9]);
  expect(probeDifference(a, b)).toBeCloseTo(0.05, 12);
  const top = [{ 1: -0.1 }, { 5: -1.5, 2: -0.2 }, { 3: -0.3 }];
  expect(probeDifference({ ...a, top }, b)).toBeCloseTo(0.5, 12);
});

test('the last digit and the alternatives count as changes, their order and the stamp do not', () => {
  const a = answer([1], [-0.1]);
  expect(isSameAnswer(a, { ...a, weightStamp: 'v2', top: [{ 99: -4, 1: -0.1 }] })).toBe(true);
  expect(isSameAnswer(a, answer([1], [-0.1 - 1e-9]))).toBe(false);
  expect(isSameAnswer(a, { ...a, top: [{ 1: -0.1, 99: -4.1 }] })).toBe(false);
});

test('logprobs at temperature 1 are told from those that are rounded', () => {
  const own = { atTemperature: Float32Array.of(-1, -2), raw: Float32Array.of(-0.9, -2.1) };
  expect(compareWithOwn(own, answer([1, 2], [-0.91, -2.1])).isRaw).toBe(true);
  const rounded = compareWithOwn(own, answer([1, 2], [-1.02, -1.96]));
  expect(rounded.isRaw).toBe(false);
  expect(rounded.largest).toBeCloseTo(0.04, 6);
  const atOne = { atTemperature: own.raw, raw: own.raw };
  expect(compareWithOwn(atOne, answer([1, 2], [-0.9, -2.1])).isRaw).toBe(false);
});
