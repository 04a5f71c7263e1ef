import { type Tensor, tensor } from '@mgrpo/runtime';
import { expect, test } from 'vitest';
import { KvCache } from './kv-cache.ts';

const config = { numLayers: 2, numKvHeads: 3, headDim: 4 };
const { numLayers: L, numKvHeads: J, headDim: K } = config;

/** The number that stands for one element, so that a misplaced one shows. */
const mark = (row: number, layer: number, head: number, cell: number, i: number) =>
  row * 1e5 + layer * 1e4 + head * 1e3 + cell * 4 + i + 1;

function promptCells(row: number, length: number) {
  const arrays = (sign: number) =>
    Array.from({ length: L }, (_, layer) =>
      Float32Array.from({ length: J * length * K }, (_, at) => {
        const [head, cell, i] = [
          Math.floor(at / (length * K)),
          Math.floor(at / K) % length,
          at % K,
        ];
        return sign * mark(row, layer, head, cell, i);
      }),
    );
  return { length, keys: arrays(1), values: arrays(-1) };
}

function freshCells(rows: readonly number[], positions: readonly number[]): Record<string, Tensor> {
  const fresh = (layer: number, sign: number) =>
    tensor(
      Float32Array.from(
        rows.flatMap((row, at) =>
          Array.from(
            { length: J * K },
            (_, k) => sign * mark(row, layer, Math.floor(k / K), positions[at]!, k % K),
          ),
        ),
      ),
      [rows.length, J, 1, K],
    );
  const layers = Array.from({ length: L }, (_, layer) => layer);
  return Object.fromEntries(
    layers.flatMap((l) => [
      [`keys${l}`, fresh(l, 1)],
      [`values${l}`, fresh(l, -1)],
    ]),
  );
}

/** Checks that cache row `at` holds the first `length` cells of sequence `row` and masks all others. */
function expectRow(cache: KvCache, numRows: number, at: number, row: number, length: number): void {
  const feeds = cache.feeds(numRows);
  const cells = cache.numCells;
  const data = (name: string) => feeds[name]!.data as Float32Array;
  const mask = Array.from(data('mask').subarray(at * cells, (at + 1) * cells));
  expect(mask).toEqual(mask.map((_, cell) => (cell < length ? 0 : Math.fround(-1e9))));
  for (let layer = 0; layer < L; layer++) {
    for (let head = 0; head < J; head++) {
      const block = at * J + head;
      for (let cell = 0; cell < length; cell++) {
        for (let i = 0; i < K; i++) {
          const expected = mark(row, layer, head, cell, i);
          expect(data(`pastKeys${layer}`)[(block * cells + cell) * K + i]).toBe(expected);
          expect(data(`pastValues${layer}`)[(block * (cells + 1) + cell) * K + i]).toBe(-expected);
        }
      }
      const last = (block * (cells + 1) + cells) * K;
      const lastCell = data(`pastValues${layer}`).subarray(last, last + K);
      expect(Array.from(lastCell, Math.abs)).toEqual([0, 0, 0, 0]);
    }
  }
}

test('rows keep their cells while the cache grows, shrinks and is used again', () => {
  const cache = new KvCache(config);
  cache.fit(2, 30, 0);
  expect(cache.numCells).toBe(32);
  cache.writePrompt(0, promptCells(0, 30));
  cache.writePrompt(1, promptCells(1, 7));
  for (let step = 0; step < 40; step++) {
    const positions = [30 + step, 7 + step];
    cache.fit(2, 31 + step, 2);
    cache.append(freshCells([0, 1], positions), Int32Array.from(positions));
  }
  expect(cache.numCells).toBe(96);
  expectRow(cache, 2, 0, 0, 70);
  expectRow(cache, 2, 1, 1, 47);

  cache.fit(3, 70, 2);
  cache.writePrompt(2, promptCells(2, 5));
  expectRow(cache, 3, 2, 2, 5);
  cache.moveRow(2, 0);
  expectRow(cache, 2, 0, 2, 5);
  expectRow(cache, 2, 1, 1, 47);

  cache.fit(2, 47, 2); // two thirds: not worth moving
  expect(cache.numCells).toBe(96);
  cache.moveRow(0, 1);
  cache.fit(2, 6, 2);
  expect(cache.numCells).toBe(32);
  expectRow(cache, 2, 0, 2, 5);
  expectRow(cache, 2, 1, 2, 5);
});

test('a row that is skipped keeps its mask', () => {
  const cache = new KvCache(config);
  cache.fit(2, 8, 0);
  cache.writePrompt(0, promptCells(0, 4));
  cache.writePrompt(1, promptCells(1, 4));
  cache.append(freshCells([0, 1], [4, 4]), Int32Array.of(-1, 4));
  expectRow(cache, 2, 0, 0, 4);
  expectRow(cache, 2, 1, 1, 5);
});

test('memory follows the need: none at first, none after clear, little after a long row is gone', () => {
  const cache = new KvCache(config);
  expect(cache.numBytes).toBe(0);
  cache.fit(4, 1000, 0);
  const long = cache.numBytes;
  cache.fit(4, 20, 0);
  expect(cache.numBytes).toBeLessThan(long / 8);
  cache.clear();
  expect(cache.numBytes).toBe(0);
});
