import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  numReadTokens,
  packMicrobatches,
  perTokenFeed,
  splitByResponse,
  tokenFeeds,
} from './microbatch.ts';

const sequence = (promptLength: number, responseLength: number, first = 1) => ({
  promptTokens: Int32Array.from({ length: promptLength }, (_, i) => first + i),
  responseTokens: Int32Array.from({ length: responseLength }, (_, i) => first + promptLength + i),
});

test('the longest sequences come first, and padding counts', () => {
  // Read lengths 3, 5, 5: two of width 5 fill the budget of 10.
  const sequences = [sequence(2, 2), sequence(2, 4), sequence(3, 3)];
  expect(sequences.map(numReadTokens)).toEqual([3, 5, 5]);
  expect(packMicrobatches(sequences, 10)).toEqual([[1, 2], [0]]);
  expect(packMicrobatches(sequences, 15)).toEqual([[1, 2, 0]]);
  expect(packMicrobatches(sequences, 1)).toEqual([[1], [2], [0]]);
});

const anyLengths = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
);
const anyBudget = fc.integer({ min: 1, max: 60 });

test.each(['padded', 'filled'] as const)(
  'every sequence is in one microbatch, within the budget unless it exceeds it alone, %s',
  (layout) => {
    fc.assert(
      fc.property(anyLengths, anyBudget, (list, budget) => {
        const sequences = list.map(([prompt, response]) => sequence(prompt, response));
        const microbatches = packMicrobatches(sequences, budget, layout);
        expect(microbatches.flat().sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
        for (const indices of microbatches) {
          const width = Math.max(...indices.map((i) => numReadTokens(sequences[i]!)));
          expect(indices.length === 1 || indices.length * width <= budget).toBe(true);
        }
      }),
    );
  },
);

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Tokens of a cut, padding included. */
const computed = (lengths: readonly (readonly number[])[]): number =>
  sum(lengths.map((of) => of.length * Math.max(...of)));

/** All ways to cut a list into runs. */
function allCuts(list: readonly number[]): number[][][] {
  if (list.length === 0) return [[]];
  return list.flatMap((_, i) => {
    const head = list.slice(0, i + 1);
    return allCuts(list.slice(i + 1)).map((rest) => [head, ...rest]);
  });
}

test('no cut of the sorted lengths has less work, a sixteenth of the budget for each microbatch', () => {
  const few = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(few, fc.integer({ min: 1, max: 100 }), (lengths, budget) => {
      const sequences = lengths.map((length) => sequence(1, length));
      const cut = packMicrobatches(sequences, budget).map((of) => of.map((i) => lengths[i]!));
      const work = (other: readonly number[][]) => computed(other) + (other.length * budget) / 16;
      const sorted = lengths.toSorted((a, b) => b - a);
      const fits = (of: readonly number[]) => of.length === 1 || of.length * of[0]! <= budget;
      const best = Math.min(
        ...allCuts(sorted)
          .filter((other) => other.every(fits))
          .map(work),
      );
      if (fits(sorted)) expect(cut).toEqual([sorted]);
      else expect(work(cut)).toBeCloseTo(best, 9);
    }),
  );
});

test('equal lengths, and what fits into one microbatch, are cut as when microbatches are filled', () => {
  const equal = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }));
  const same = (sequences: ReturnType<typeof sequence>[], budget: number): void => {
    const filled = packMicrobatches(sequences, budget, 'filled');
    expect(packMicrobatches(sequences, budget, 'padded')).toEqual(filled);
  };
  fc.assert(
    fc.property(equal, anyBudget, ([length, count], budget) =>
      same(
        Array.from({ length: count }, () => sequence(1, length)),
        budget,
      ),
    ),
  );
  fc.assert(
    fc.property(anyLengths, (list) =>
      same(
        list.map(([prompt, response]) => sequence(prompt, response)),
        17 * list.length,
      ),
    ),
  );
});

/** Responses of 150 to 3,072 tokens by Pareto's law: half of them below 300, one in twenty above 2,000. */
const heavyTailed = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    sequence(100, Math.min(3072, Math.round(150 * (1 - ((i * 0.618034) % 1)) ** (-1 / 1.1)))),
  );

test.each([
  ['packed', 64, 0, 7],
  ['packed', 256, 0, 22],
  ['filled', 64, 0.15, 7],
  ['padded', 64, 0.07, 11],
  ['padded', 256, 0.04, 25],
] as const)(
  'a heavy-tailed mix of lengths, %s: %i responses waste at most %f of the work, in %i microbatches',
  (layout, count, limit, most) => {
    const budget = 8192;
    const sequences = heavyTailed(count);
    const microbatches = packMicrobatches(sequences, budget, layout);
    const lengths = microbatches.map((of) => of.map((i) => numReadTokens(sequences[i]!)));
    const work = layout === 'packed' ? sum(lengths.flat()) : computed(lengths);
    expect(1 - sum(lengths.flat()) / work).toBeLessThanOrEqual(limit);
    expect(microbatches.length).toBeLessThanOrEqual(most);
  },
);

test('each response token is the target of the position before it', () => {
  // 1 2 | 3 4 and 11 | 12, padded to the three tokens that are read.
  const feeds = tokenFeeds([sequence(2, 2), sequence(1, 1, 11)]);
  expect(feeds.tokens!.dims).toEqual([2, 3]);
  expect([...feeds.tokens!.data]).toEqual([1n, 2n, 3n, 11n, 0n, 0n]);
  expect([...feeds.rows!.data]).toEqual([1n, 2n, 3n]);
  expect([...feeds.targets!.data]).toEqual([3n, 4n, 12n]);
});

test('per-token values come back per sequence', () => {
  const sequences = [sequence(2, 2), sequence(1, 1, 11), sequence(1, 3)];
  const feed = perTokenFeed(sequences, ({ promptTokens }, t) => promptTokens[0]! + t / 2);
  expect([...feed.data]).toEqual([1, 1.5, 11, 1, 1.5, 2]);
  const parts = splitByResponse(sequences, feed.data as Float32Array);
  expect(parts.map((part) => [...part])).toEqual([[1, 1.5], [11], [1, 1.5, 2]]);
});
