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
  // Read lengths 3, 5, 4: two of width 5 fill the budget of 10.
  const sequences = [sequence(2, 2), sequence(2, 4), sequence(3, 2)];
  expect(sequences.map(numReadTokens)).toEqual([3, 5, 4]);
  expect(packMicrobatches(sequences, 10)).toEqual([[1, 2], [0]]);
  expect(packMicrobatches(sequences, 15)).toEqual([[1, 2, 0]]);
  expect(packMicrobatches(sequences, 1)).toEqual([[1], [2], [0]]);
});

test('every sequence is in one microbatch, within the budget unless it exceeds it alone', () => {
  const lengths = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  );
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 60 }), (list, budget) => {
      const sequences = list.map(([prompt, response]) => sequence(prompt, response));
      const microbatches = packMicrobatches(sequences, budget);
      expect(microbatches.flat().sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
      for (const indices of microbatches) {
        const width = Math.max(...indices.map((i) => numReadTokens(sequences[i]!)));
        expect(indices.length === 1 || indices.length * width <= budget).toBe(true);
      }
    }),
  );
});

/** Responses of 150 to 3,072 tokens by Pareto's law: half of them below 300, one in twenty above 2,000. */
const heavyTailed = Array.from({ length: 256 }, (_, i) =>
  sequence(100, Math.min(3072, Math.round(150 * (1 - ((i * 0.618034) % 1)) ** (-1 / 1.1)))),
);

test.each([
  ['packed', 0],
  ['padded', 0.1],
] as const)(
  'a heavy-tailed mix of lengths, %s, wastes at most %f of a gradient pass',
  (layout, limit) => {
    const budget = 8192;
    const microbatches = packMicrobatches(heavyTailed, budget, layout);
    const lengths = microbatches.map((indices) =>
      indices.map((i) => numReadTokens(heavyTailed[i]!)),
    );
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const computed = lengths.map((of) =>
      layout === 'packed' ? sum(of) : of.length * Math.max(...of),
    );
    expect(Math.max(...computed)).toBeLessThanOrEqual(budget);
    expect(1 - sum(lengths.flat()) / sum(computed)).toBeLessThanOrEqual(limit);
    // Nor are there many passes that are half empty.
    expect(microbatches.length).toBeLessThan(1.25 * Math.ceil(sum(lengths.flat()) / budget));
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
