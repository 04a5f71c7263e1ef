import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { majorityAnswer, tallyAnswers } from './answer-tally.ts';
import { accuracyInterval, wilson } from './interval.ts';
import { passAtK, passCounts } from './pass-at-k.ts';
import { scoreBenchmark } from './score.ts';

describe('pass@k', () => {
  // 1 - C(n - c, k) / C(n, k), by hand.
  test.each([
    [5, 2, 2, 1 - 3 / 10],
    [8, 1, 1, 1 / 8],
    [8, 1, 4, 1 / 2],
    [8, 3, 2, 1 - 10 / 28],
    [8, 7, 2, 1],
    [8, 0, 8, 0],
    [8, 8, 1, 1],
    [200, 50, 10, 0.947906370596],
  ])('of %i samples with %i right, k = %i', (n, c, k, expected) => {
    expect(passAtK(n, c, k)).toBeCloseTo(expected, 5);
  });

  test('is the share of the subsets of k samples that hold a right one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        fc.nat(7),
        (right, at) => {
          const k = 1 + (at % right.length);
          const subsets = Array.from({ length: 2 ** right.length }, (_, bits) =>
            right.filter((_, i) => (bits >> i) & 1),
          ).filter((subset) => subset.length === k);
          const share = subsets.filter((subset) => subset.includes(true)).length / subsets.length;
          const c = right.filter(Boolean).length;
          expect(passAtK(right.length, c, k)).toBeCloseTo(share, 12);
        },
      ),
    );
  });

  test('is told for powers of two and for all', () => {
    expect(passCounts(1)).toEqual([1]);
    expect(passCounts(8)).toEqual([1, 2, 4, 8]);
    expect(passCounts(6)).toEqual([1, 2, 4, 6]);
  });
});

describe('95 % intervals', () => {
  // Newcombe 1998, Table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('Wilson, %i of %i, as published', (right, n, low, high) => {
    const interval = wilson(right / n, n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  test('with one sample each, Wilson over the problems', () => {
    const interval = accuracyInterval([1, 0, 0, 1], 1);
    expect(interval).toEqual({ ...wilson(0.5, 4), method: 'wilson', effectiveResponses: 4 });
  });

  test('with samples that always agree, as many responses as problems', () => {
    // Means 0 and 1: p (1 - p) / SE² = 0.25 / (1 / (4 · 3)) = 3, and problems are the least.
    expect(accuracyInterval([1, 0, 0, 1], 8).effectiveResponses).toBe(4);
    expect(accuracyInterval([0, 0, 0], 8).effectiveResponses).toBe(3);
  });

  test('with samples that hardly agree, close to all responses', () => {
    // p = 1/2, squares 2 · (1/8)²: SE² = (1/32) / (4 · 3), so 0.25 / SE² = 96, and 32 are the most.
    expect(accuracyInterval([5 / 8, 3 / 8, 1 / 2, 1 / 2], 8).effectiveResponses).toBe(32);
    // p = 1/2, squares 4 · (1/4)²: SE² = (1/4) / 12, so 12.
    expect(accuracyInterval([3 / 4, 1 / 4, 3 / 4, 1 / 4], 8).effectiveResponses).toBeCloseTo(12);
  });

  test('hold the true accuracy in about 95 of 100 evaluations with clustered samples', () => {
    // Problems are right with chance 0.1 or 0.9, evenly: 30 of them with 8 samples, as AIME has.
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const trials = 2000;
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      const shares = Array.from({ length: 30 }, () => {
        const chance = random() < 0.5 ? 0.1 : 0.9;
        return Array.from({ length: 8 }, random).filter((u) => u < chance).length / 8;
      });
      const { low, high } = accuracyInterval(shares, 8);
      if (low <= 0.5 && 0.5 <= high) held += 1;
    }
    expect(held / trials).toBeGreaterThan(0.93);
    expect(held / trials).toBeLessThan(0.975);
  });

  test('stay within 0 and 1 and around the mean', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { minLength: 1, maxLength: 40 }), (counts) => {
        const shares = counts.map((n) => n / 8);
        const p = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        const { low, high } = accuracyInterval(shares, 8);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(p + 1e-12);
        expect(high).toBeGreaterThanOrEqual(p - 1e-12);
      }),
    );
  });
});

test('the majority is the commonest answer, the earliest of equals, and never none', () => {
  expect(majorityAnswer(['2', '3', '3', null, null, null])).toBe('3');
  expect(majorityAnswer(['2', '3', '3', '2'])).toBe('2');
  expect(majorityAnswer([null, null])).toBeNull();
});

test('a tally of two problems, by hand', () => {
  const problems = [
    { answers: ['1', '1', null, '2'], gold: '1' },
    { answers: ['1', '1', '1', '4'], gold: '4' },
  ];
  expect(tallyAnswers(problems)).toEqual({
    problems: 2,
    responses: 8,
    accuracy: 3 / 8,
    majorityAccuracy: 1 / 2,
    unanswered: 1 / 8,
    topAnswerShare: 5 / 8,
  });
});

test('the score of two problems with four samples, by hand', () => {
  const outcomes = [
    {
      answers: ['1', '1', null, '2'],
      right: [true, true, false, false],
      tokens: [10, 20, 30, 40],
      numCut: 1,
    },
    {
      answers: ['1', '1', '1', '4'],
      right: [false, false, false, true],
      tokens: [1, 1, 1, 1],
      numCut: 0,
    },
  ];
  const { interval, passAt, ...score } = scoreBenchmark(outcomes, { hasMajority: true });
  // C(2, 2) / C(4, 2) = 1/6 and C(3, 2) / C(4, 2) = 1/2 are all wrong.
  expect(Object.keys(passAt)).toEqual(['1', '2', '4']);
  expect([passAt[1], passAt[2], passAt[4]]).toEqual([3 / 8, expect.closeTo(2 / 3), 1]);
  expect(score).toEqual({
    problems: 2,
    samples: 4,
    accuracy: 3 / 8,
    majority: 1 / 2,
    unanswered: 1 / 8,
    cut: 1 / 8,
    responseTokens: 13,
  });
  expect(interval.method).toBe('wilson-clustered');
});
