import { createHash } from 'node:crypto';
import { pieces } from './files.ts';

/** The little-endian bytes of an array, as a view. (Node runs on little-endian machines only, s390x aside.) */
export function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** SHA-256, hexadecimal, of flat weights: float32, little endian, in canonical parameter order. */
export function weightsSha256(weights: Float32Array): string {
  const hash = createHash('sha256');
  for (const piece of pieces(bytesOf(weights))) hash.update(piece);
  return hash.digest('hex');
}

/** Widens 16-bit floats to float32, exactly; `target` has the length of `source`. */
export function widen(dtype: 'F16' | 'BF16', source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) {
    const half = source[i]!;
    bits[i] = dtype === 'BF16' ? half << 16 : halfToFloatBits(half);
  }
}

/** IEEE 754 binary16 to binary32 bits: 1 + 5 + 10 bits with bias 15 to 1 + 8 + 23 with bias 127. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: shift its leading bit to the hidden place.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
