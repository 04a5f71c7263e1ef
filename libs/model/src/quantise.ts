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

/** Bytes of a quantised matrix. */
export function quantisedBytes(
  [rows, columns]: readonly [number, number],
  quantisation: Quantisation,
): number {
  const { bits, blockSize } = quantisation;
  return rows * numBlocks(columns, quantisation) * ((blockSize * bits) / 8 + 4);
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
  for (let index = 0; index < scales.length; index++) {
    const row = Math.floor(index / blocks);
    const from = row * columns + (index - row * blocks) * blockSize;
    const to = Math.min(from + blockSize, (row + 1) * columns);
    const scale = blockScale(weights, from, to, bits);
    scales[index] = scale;
    writeCodes(codes, index * blockSize, { weights, from, to, scale, bits });
  }
  return { codes: bits === 8 ? codes : packHalves(codes), scales };
}

/** Below it, 1 / scale is no float32 any more. */
const smallestScale = 2 ** -126;

/** The scale of the weights from `from` to `to`; NaN if one of them is, or is infinite. */
function blockScale(weights: Float32Array, from: number, to: number, bits: 4 | 8): number {
  // Math.max and Math.min hand a NaN on.
  let [highest, lowest] = [0, 0];
  for (let i = from; i < to; i++) {
    highest = Math.max(highest, weights[i]!);
    lowest = Math.min(lowest, weights[i]!);
  }
  const scale = Math.fround((-lowest > highest ? lowest : highest) / -(2 ** (bits - 1)));
  if (!Number.isFinite(highest - lowest)) return Number.NaN;
  return Math.abs(scale) < smallestScale ? 0 : scale;
}

function writeCodes(
  codes: Uint8Array,
  at: number,
  block: { weights: Float32Array; from: number; to: number; scale: number; bits: 4 | 8 },
): void {
  const { weights, from, to, scale, bits } = block;
  if (!(Math.abs(scale) > 0)) return; // the codes stand for 0 already
  const inverse = 1 / scale;
  const largest = 2 ** bits - 1;
  const middle = 2 ** (bits - 1) + 0.5;
  for (let i = from; i < to; i++) {
    // Above 0, so that cutting the fraction off rounds to the nearest.
    codes[at + i - from] = Math.min(weights[i]! * inverse + middle, largest) | 0;
  }
}

/** Two codes of 4 bits in a byte. */
function packHalves(codes: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(codes.length / 2);
  for (let i = 0; i < packed.length; i++) packed[i] = codes[2 * i]! | (codes[2 * i + 1]! << 4);
  return packed;
}
