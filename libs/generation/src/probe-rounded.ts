import { createHash } from 'node:crypto';
import { type Quantisation, roundedConstants, roundedProductGraph } from '@mgrpo/model';
import { openSession, tensor } from '@mgrpo/runtime';

// Odd sizes, so that the remainders behind the vector kernels take part.
const [rows, inner, outer] = [7, 333, 61];

/**
 * What this CPU's kernels for rounded weights compute, hashed: others than those of float32, and chosen by other
 * instructions of the processor.
 */
export async function probeRounded(quantisation: Quantisation): Promise<string> {
  const shape = [outer, inner] as const;
  const constants = roundedConstants({ name: 'w', shape }, numbers(outer * inner), quantisation);
  const session = await openSession(roundedProductGraph(shape, quantisation), {
    name: 'probe-rounded',
    constants,
  });
  try {
    const x = tensor(numbers(rows * inner), [rows, inner]);
    const { product } = await session.run({ x });
    const { buffer, byteOffset, byteLength } = product!.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  } finally {
    await session.close();
  }
}

/** Multiples of the golden ratio: fixed numbers of (-1, 1), no two of them close. */
function numbers(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 2 * ((i * 0.6180339887) % 1) - 1);
}
