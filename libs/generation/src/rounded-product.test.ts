import { type Quantisation, roundedConstants, roundedProductGraph } from '@mgrpo/model';
import { openSession, type Session, type Tensor, tensor } from '@mgrpo/runtime';
import { describe, expect, test } from 'vitest';
import { probeRounded } from './probe-rounded.ts';

const quantisations = [8, 4].flatMap((bits) =>
  [16, 32, 64, 128].map((blockSize) => ({ bits, blockSize }) as Quantisation),
);
// Widths of whole blocks, with a rest, and shorter than a block; outputs in and beyond the kernels' tiles.
const shapes = [
  [64, 256],
  [61, 333],
  [7, 24],
] as const;
const cases = quantisations.flatMap((quantisation) =>
  shapes.map(([outer, inner]) => ({ ...quantisation, outer, inner })),
);

const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed + 0.7 * i + (i * i) / 977));

interface Product {
  readonly weights: Float32Array;
  readonly session: Session;
}

async function openProduct(
  shape: readonly [number, number],
  quantisation: Quantisation,
): Promise<Product> {
  const weights = numbers(shape[0] * shape[1], 1);
  const constants = roundedConstants({ name: 'w', shape }, weights, quantisation);
  const graph = roundedProductGraph(shape, quantisation);
  return { weights, session: await openSession(graph, { constants }) };
}

async function multiply(session: Session, x: Float32Array, inner: number): Promise<Float32Array> {
  const { product } = await session.run({ x: tensor(x, [x.length / inner, inner]) });
  return (product as Tensor<Float32Array>).data;
}

describe.each(cases)('$bits bits, blocks of $blockSize: [N, $inner] x [$inner, $outer]', (kind) => {
  const { inner, outer, bits } = kind;

  test('is the product with float32 weights but for rounding', async () => {
    const { session, weights } = await openProduct([outer, inner], kind);
    const rows = 5;
    const x = numbers(rows * inner, 2);
    const product = await multiply(session, x, inner);
    // Weights and inputs are off by half a step of their blocks at most, and weights by a whole one at the codes' end.
    const bound = inner * (1 / 2 ** (bits - 1) + 1 / 254) + 1e-3;
    const squares = [0, 0];
    for (let row = 0; row < rows; row++) {
      for (let out = 0; out < outer; out++) {
        let exact = 0;
        for (let i = 0; i < inner; i++) exact += x[row * inner + i]! * weights[out * inner + i]!;
        const error = product[row * outer + out]! - exact;
        expect(Math.abs(error)).toBeLessThan(bound);
        squares[0]! += error ** 2;
        squares[1]! += exact ** 2;
      }
    }
    // Errors are independent of each other: far smaller than the bound as a rule.
    expect(Math.sqrt(squares[0]! / squares[1]!)).toBeLessThan(bits === 8 ? 0.012 : 0.12);
    await session.close();
  });

  test("a row's bits are its own among any even number of rows", async () => {
    const { session } = await openProduct([outer, inner], kind);
    const most = 66;
    const x = numbers(most * inner, 3);
    const all = await multiply(session, x, inner);
    for (let rows = 2; rows <= most; rows += 2) {
      const first = (rows * 5) % (most - rows + 1);
      const some = await multiply(session, x.slice(first * inner, (first + rows) * inner), inner);
      expect(some, `${rows} rows`).toEqual(all.slice(first * outer, (first + rows) * outer));
    }
    await session.close();
  });
});

test('the constants may be overwritten once the session is open', async () => {
  const quantisation = { bits: 8, blockSize: 32 } as const;
  const shape = [16, 64] as const;
  const constants = roundedConstants({ name: 'w', shape }, numbers(1024, 1), quantisation);
  const session = await openSession(roundedProductGraph(shape, quantisation), { constants });
  const x = numbers(4 * 64, 2);
  const before = await multiply(session, x, 64);
  for (const array of Object.values(constants)) array.fill(7);
  expect(await multiply(session, x, 64)).toEqual(before);
  await session.close();
});

test('the probe of a CPU is the same each time, and another for other bits or blocks', async () => {
  const probes = await Promise.all(
    quantisations.map(async (quantisation) => {
      const probe = await probeRounded(quantisation);
      expect(await probeRounded(quantisation)).toBe(probe);
      return probe;
    }),
  );
  expect(new Set(probes).size).toBe(quantisations.length);
});
