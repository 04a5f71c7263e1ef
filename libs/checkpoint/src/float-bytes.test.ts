import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, weightsSha256, widen } from './float-bytes.ts';

test('bytes of a subarray are a view of exactly its elements', () => {
  const array = Float32Array.of(1, 2, 3);
  const bytes = bytesOf(array.subarray(1));
  expect([...bytes]).toEqual([0, 0, 0, 64, 0, 0, 64, 64]);
  expect(bytes.buffer).toBe(array.buffer);
});

test('the hash of weights is that of their little-endian float32 bytes', () => {
  // printf '\x00\x00\x80\x3f' | sha256sum
  expect(weightsSha256(Float32Array.of(1))).toBe(
    'e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c',
  );
});

/** The value of a binary16 by its definition. */
function halfValue(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

test('binary16 widens to its value, for every bit pattern', () => {
  const source = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const target = new Float32Array(source.length);
  widen('F16', source, target);
  expect(target).toEqual(Float32Array.from(source, halfValue));
});

test('bfloat16 is the upper half of a float32', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      const bits = new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff0000;
      const target = new Float32Array(1);
      widen('BF16', Uint16Array.of(bits >>> 16), target);
      expect(new Uint32Array(target.buffer)[0]).toBe(bits >>> 0);
    }),
  );
});
