import fc from 'fast-check';
import { expect, test } from 'vitest';
import { permutation, promptsOfIteration, rephrasingOf } from './prompt-order.ts';
import { streamKey } from './random.ts';

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
const range = (length: number) => Array.from({ length }, (_, index) => index);

test('a permutation has every index once', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 300 }), (seed, length) => {
      const order = permutation(streamKey({ seed, purpose: 'prompt-order' }), length);
      expect(sorted(order)).toEqual(range(length));
    }),
  );
});

test('all 24 orders of 4 things are about equally frequent', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 4800; seed++) {
    const order = permutation(streamKey({ seed, purpose: 'prompt-order' }), 4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
});

test('every epoch visits every prompt once, in another order', () => {
  const epoch = (seed: number, first: number) =>
    range(5).flatMap((i) =>
      promptsOfIteration({ seed, iteration: first + i, promptsPerIteration: 8, numPrompts: 40 }),
    );
  expect(sorted(epoch(1, 0))).toEqual(range(40));
  expect(sorted(epoch(1, 5))).toEqual(range(40));
  expect(epoch(1, 0)).not.toEqual(epoch(1, 5));
  expect(epoch(1, 0)).not.toEqual(epoch(2, 0));
});

test('an iteration reaches into the next epoch without leaving a prompt out', () => {
  const all = range(3).flatMap((iteration) =>
    promptsOfIteration({ seed: 9, iteration, promptsPerIteration: 4, numPrompts: 6 }),
  );
  expect(sorted(all.slice(0, 6))).toEqual(range(6));
  expect(sorted(all.slice(6))).toEqual(range(6));
});

test('fewer prompts than an iteration needs are repeated', () => {
  const request = { seed: 9, iteration: 0, promptsPerIteration: 5, numPrompts: 2 };
  expect(sorted(promptsOfIteration(request).slice(0, 4))).toEqual([0, 0, 1, 1]);
});

test('no prompts at all is an error', () => {
  const request = { seed: 9, iteration: 0, promptsPerIteration: 5, numPrompts: 0 };
  expect(() => promptsOfIteration(request)).toThrow(/no prompts/);
});

test('a question’s rephrasing is a function of seed, iteration and place, and each has its turn', () => {
  const chosen = (iteration: number) =>
    rephrasingOf({ seed: 1, iteration, question: 3, numRephrasings: 3 });
  const iterations = Array.from({ length: 60 }, (_, iteration) => iteration);
  expect(iterations.map(chosen)).toEqual(iterations.map(chosen));
  for (const rephrasing of [0, 1, 2]) {
    expect(
      iterations.filter((iteration) => chosen(iteration) === rephrasing).length,
    ).toBeGreaterThan(10);
  }
  expect(rephrasingOf({ seed: 1, iteration: 0, question: 0, numRephrasings: 1 })).toBe(0);
});
