/** How the matrices of a decoding model are rounded: block by block, each with a scale of its own. */
export interface Quantisation {
  readonly bits: 4 | 8;
  /** Neighbouring weights of one row (one output) that share a scale. */
  readonly blockSize: number;
}

/** A matrix [out, in] in the layout of ONNX Runtime's MatMulNBits. */
export interface QuantisedMatrix {
  /**
   * [out, blocks, blockSize * bits / 8], with blocks = ceil(in / blockSize): a code a byte, or two of 4 bits, the
   * lower half first. What the last block has beyond the row stands for 0.
   */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** [out * blocks] */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** Blocks of a row of `columns` weights. */
export function numBlocks(columns: number, { blockSize }: Quantisation): number {
  return Math.ceil(columns / blockSize);
}

/** Bytes of a quantised matrix: `made` by `quantise`, and as a session holds it once its kernels have packed it. */
export function quantisedBytes(
  [rows, columns]: readonly [number, number],
  quantisation: Quantisation,
): { made: number; held: number } {
  const blocks = rows * numBlocks(columns, quantisation);
  const codes = (quantisation.blockSize * quantisation.bits) / 8;
  // The kernels have the scales again, and the sums of the blocks.
  return { made: blocks * (codes + 4), held: blocks * (codes + 12) };
}

/**
 * Rounds a matrix: `w = (code - 2^(bits - 1)) * scale` up to half a scale, or a whole one at the end where
 * the codes have no room.
 *
 * The weight of a block that is farthest from 0 gets the code 0, `scale = w / -2^(bits - 1)`, so that all codes are
 * used: 4 bits have too few to leave one out. A block of tiny weights is 0, one with a weight that is not finite has
 * a scale of NaN, so that nothing hides a model that has diverged.
 *
 * @param weights [rows, columns], row major
 */
export function quantise(
  weights: Float32Array,
  [rows, columns]: readonly [number, number],
  quantisation: Quantisation,
): QuantisedMatrix {
  const { bits, blockSize } = quantisation;
  const blocks = numBlocks(columns, quantisation);
  const scales = new Float32Array(rows * blocks);
  const codes = new Uint8Array(rows * blocks * blockSize).fill(2 ** (bits - 1));
  const largest = 2 ** bits - 1;
  const middle = 2 ** (bits - 1) + 0.5;
  // Both loops over a block stand here: as functions, or with Math.max, they take up to twice the time.
  for (let index = 0; index < scales.length; index++) {
    const row = Math.floor(index / blocks);
    const from = row * columns + (index - row * blocks) * blockSize;
    const to = Math.min(from + blockSize, (row + 1) * columns);
    let farthest = 0;
    for (let i = from; i < to; i++) {
      // Also true where one of them is NaN, which stays.
      const isFarther = !(Math.abs(weights[i]!) <= Math.abs(farthest));
      if (isFarther) farthest = Number.isNaN(farthest) ? farthest : weights[i]!;
    }
    const scale = scaleOf(farthest, bits);
    scales[index] = scale;
    if (!(Math.abs(scale) > 0)) continue; // the codes stand for 0 already
    const inverse = 1 / scale;
    let place = index * blockSize;
    for (let i = from; i < to; i++) {
      // Above 0, so that cutting the fraction off rounds to the nearest.
      codes[place++] = Math.min((weights[i]! * inverse + middle) | 0, largest);
    }
  }
  return { codes: bits === 8 ? codes : packHalves(codes), scales };
}

/** Below it, 1 / scale is no float32 any more. */
const smallestScale = 2 ** -126;

/** The scale of a block by its weight that is farthest from 0; NaN where that is infinite or NaN. */
function scaleOf(farthest: number, bits: 4 | 8): number {
  if (!Number.isFinite(farthest)) return Number.NaN;
  const scale = Math.fround(farthest / -(2 ** (bits - 1)));
  return Math.abs(scale) < smallestScale ? 0 : scale;
}

/** Two codes of 4 bits in a byte. */
function packHalves(codes: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(codes.length / 2);
  for (let i = 0; i < packed.length; i++) packed[i] = codes[2 * i]! | (codes[2 * i + 1]! << 4);
  return packed;
}
