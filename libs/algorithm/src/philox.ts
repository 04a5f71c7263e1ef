/** Four 32-bit words. */
export type Words4 = readonly [number, number, number, number];

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const keyStep0 = 0x9e3779b9;
const keyStep1 = 0xbb67ae85;
const numRounds = 10;

/** The upper 32 bits of a 32 × 32 bit product; every intermediate stays below 2^49, exact in a double. */
function multiplyHigh(a: number, b: number): number {
  const low = a * (b & 0xffff);
  return Math.floor((a * (b >>> 16) + Math.floor(low / 0x10000)) / 0x10000);
}

/**
 * Philox4x32-10: maps a 128-bit counter under a 64-bit key to four random 32-bit words.
 *
 * A bijection of the counter, without state, so any random number of a run can be drawn again anywhere.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; the tests use the
 * known-answer vectors of its reference implementation, Random123.
 *
 * @param counter four unsigned 32-bit words
 * @param key0 first word of the key, unsigned
 * @param key1 second word of the key, unsigned
 */
export function philox4x32(counter: Words4, key0: number, key1: number): Words4 {
  let [c0, c1, c2, c3] = counter;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < numRounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + keyStep0) >>> 0;
    k1 = (k1 + keyStep1) >>> 0;
  }
  return [c0, c1, c2, c3];
}
