import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Quantisation, quantise, quantisedBytes } from './quantise.ts';

/** The matrix that codes and scales stand for, by ONNX Runtime's layout, and each weight's scale. */
function dequantise(
  { codes, scales }: ReturnType<typeof quantise>,
  [rows, columns]: readonly [number, number],
  { bits, blockSize }: Quantisation,
): { weight: number; scale: number }[] {
  const blocks = scales.length / rows;
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const scale = scales[row * blocks + Math.floor(column / blockSize)]!;
    const place = row * blocks * blockSize + column;
    const code = bits === 8 ? codes[place]! : (codes[place >> 1]! >> (4 * (place % 2))) & 15;
    return { weight: (code - 2 ** (bits - 1)) * scale, scale: Math.abs(scale) };
  });
}

const quantisations = [4, 8].flatMap((bits) =>
  [16, 32, 64, 128].map((blockSize) => ({ bits, blockSize }) as Quantisation),
);
const matrices = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 150 }))
  .chain(([rows, columns]) => {
    const numbers = { min: -4, max: 4, noNaN: true, minLength: rows * columns } as const;
    return fc.record({
      shape: fc.constant([rows, columns] as const),
      weights: fc.float32Array({ ...numbers, maxLength: rows * columns }),
    });
  });

describe.each(quantisations)('$bits bits, blocks of $blockSize', (quantisation) => {
  test('every weight comes back within half a scale, or one where the codes end', () => {
    fc.assert(
      fc.property(matrices, ({ shape, weights }) => {
        const quantised = quantise(weights, shape, quantisation);
        const { codes, scales } = quantised;
        expect(codes.byteLength + scales.byteLength).toBe(quantisedBytes(shape, quantisation).made);
        const largest = 2 ** (quantisation.bits - 1) - 1;
        dequantise(quantised, shape, quantisation).forEach(({ weight, scale }, i) => {
          const original = weights[i]!;
          const isAtEnd = Math.abs(original) > (largest + 0.5) * scale;
          expect(Math.abs(weight - original)).toBeLessThanOrEqual(
            (isAtEnd ? 1.000001 : 0.500001) * scale + 2 ** -118,
          );
        });
      }),
    );
  });

  test('what is a multiple of its scale comes back as it was', () => {
    const half = 2 ** (quantisation.bits - 1);
    const { blockSize } = quantisation;
    const shape = [2, blockSize + 3] as const;
    // The first of a block takes the code 0.
    const weights = Float32Array.from({ length: 2 * (blockSize + 3) }, (_, i) => {
      const column = i % (blockSize + 3);
      return (column % blockSize === 0 ? -half : (column % half) - 1) * 0.25;
    });
    const back = dequantise(quantise(weights, shape, quantisation), shape, quantisation);
    expect(back.map(({ weight }) => weight)).toEqual([...weights]);
  });
});

test('two codes of 4 bits share a byte, the lower half first, and what is beyond the row is 0', () => {
  const { codes, scales } = quantise(Float32Array.of(8, -3, 1), [1, 3], { bits: 4, blockSize: 16 });
  expect([...scales]).toEqual([-1]);
  // 8 / -1 + 8 = 0, -3 / -1 + 8 = 11, 1 / -1 + 8 = 7; 8 stands for 0.
  expect([...codes]).toEqual([0 | (11 << 4), 7 | (8 << 4), 0x88, 0x88, 0x88, 0x88, 0x88, 0x88]);
});

test('a block of zeros, or of numbers too small for a scale, is 0', () => {
  const weights = new Float32Array(32).fill(1e-38, 16);
  const { codes, scales } = quantise(weights, [1, 32], { bits: 8, blockSize: 16 });
  expect([...scales]).toEqual([0, 0]);
  expect([...codes]).toEqual(Array(32).fill(128));
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a weight of %d makes its block NaN, and no other',
  (weight) => {
    const weights = new Float32Array(48).fill(1);
    weights[20] = weight;
    const { scales } = quantise(weights, [3, 16], { bits: 8, blockSize: 16 });
    expect([...scales]).toEqual([-1 / 128, Number.NaN, -1 / 128]);
  },
);
