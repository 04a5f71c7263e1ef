import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  leastSamples,
  parseAccuracy,
  pointsBetween,
  rightCounts,
  standardErrorPoints,
} from './attainable.ts';

test('an accuracy is read exactly, as a share or as a percentage', () => {
  expect(parseAccuracy('79.75%')).toEqual({ units: 7975, digits: 4 });
  expect(parseAccuracy('0.615')).toEqual({ units: 615, digits: 3 });
  expect(parseAccuracy('.00833')).toEqual({ units: 833, digits: 5 });
  expect(() => parseAccuracy('\\')).toThrow('not an accuracy');
});

test('the counts behind a printed accuracy', () => {
  expect(rightCounts('79.20%', 500)).toEqual([396]);
  expect(rightCounts('0.7515', 500)).toEqual([]);
  expect(rightCounts('.00833', 240)).toEqual([2]);
  // With more answers than the digits can tell apart, several counts print alike.
  expect(rightCounts('51.38%', 30_000)).toContain(15_414);
});

test('a share that was really counted is always attainable, rounded, cut off or rounded up', () => {
  const counted = fc
    .integer({ min: 1, max: 5000 })
    .chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)));
  const rounding = fc.constantFrom(Math.round, Math.floor, Math.ceil);
  fc.assert(
    fc.property(counted, rounding, ([right, total], round) => {
      // From integers: as a float, 100 * right / total can fall on the wrong side of a whole unit.
      const whole = Math.floor((right * 10_000) / total);
      const units = whole + round(((right * 10_000) % total) / total);
      const text = `${Math.floor(units / 100)}.${String(units % 100).padStart(2, '0')}%`;
      expect(rightCounts(text, total)).toContain(right);
    }),
  );
});

test('the least samples per problem at which all values are attainable', () => {
  expect(leastSamples(['0.50', '0.25'], 2)).toBe(2);
  expect(leastSamples(['0.3333'], 1, 2)).toBeNull();
});

test('differences and standard errors are in points', () => {
  expect(pointsBetween('14.58%', '0.1250')).toBe(2.08);
  expect(pointsBetween('0.792', '79.75%')).toBe(-0.55);
  expect(standardErrorPoints('50.00%', 400)).toBe(2.5);
});
