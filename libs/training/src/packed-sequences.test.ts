import { expect, test } from 'vitest';
import { addRows, gatherRows, packSequences } from './packed-sequences.ts';

const sequence = (prompt: number[], response: number[]) => ({
  promptTokens: Int32Array.from(prompt),
  responseTokens: Int32Array.from(response),
});

test('sequences lie end to end, and each response token is scored after the token before it', () => {
  const packed = packSequences([sequence([5, 6], [7, 8]), sequence([9], [3])]);
  expect([...packed.tokens]).toEqual([5, 6, 7, 9]);
  expect(packed.positions.dims).toEqual([4, 1]);
  expect([...packed.positions.data]).toEqual([0n, 1n, 2n, 0n]);
  expect(packed.spans).toEqual([
    { start: 0, length: 3 },
    { start: 3, length: 1 },
  ]);
  expect([...packed.rows]).toEqual([1, 2, 3]);
  expect([...packed.targets]).toEqual([7, 8, 3]);
});

test('rows that are gathered twice get both gradients', () => {
  const table = Float32Array.of(1, 2, 3, 4);
  const indices = Int32Array.of(1, 0, 1);
  const rows = gatherRows(table, indices, 2);
  expect([...rows]).toEqual([3, 4, 1, 2, 3, 4]);
  addRows(table, indices, rows, 2);
  expect([...table]).toEqual([2, 4, 9, 12]);
});
