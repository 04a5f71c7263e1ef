import { endianness } from 'node:os';
import { MgrpoError } from '@mgrpo/errors';

if (endianness() !== 'LE') {
  throw new MgrpoError('INCOMPATIBLE', 'the wire format is little endian and so must the CPU be');
}

type NumericArray = Float32Array | Int32Array;

/** The bytes of a typed array, without a copy: little endian, as the protos say. */
export function arrayBytes(array: NumericArray): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** Float32 values of a `bytes` field. Copies: the field may start at any byte of its message. */
export function float32Array(bytes: Uint8Array, what: string): Float32Array {
  return new Float32Array(wholeElements(bytes, what));
}

/** Int32 values of a `bytes` field. */
export function int32Array(bytes: Uint8Array, what: string): Int32Array {
  return new Int32Array(wholeElements(bytes, what));
}

function wholeElements({ buffer, byteOffset, byteLength }: Uint8Array, what: string): ArrayBuffer {
  if (byteLength % 4 !== 0) {
    throw new MgrpoError(
      'INVALID_MESSAGE',
      `${what} has ${byteLength} bytes, which are not whole 4-byte numbers`,
    );
  }
  // A slice is copied without being zeroed first. No message lies in shared memory.
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
