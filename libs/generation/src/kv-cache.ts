// R rows, C cells, J key/value heads, K head dim.
import type { ModelConfig } from '@mgrpo/model';
import { type Tensor, tensor } from '@mgrpo/runtime';

/** Cells are added this many at a time: at other capacities a row's bits depend on the batch (design.md section 4). */
const cellsPerGrowth = 32;

const masked = -1e9;

/** Keys and values of a prompt, per layer [J, length, K]; shared by all rollouts of the prompt. */
export interface PromptCells {
  readonly length: number;
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

/** A position's fresh keys and values as `decode` returns them: `keys<l>` and `values<l>` [R, J, 1, K]. */
export type FreshCells = Readonly<Record<string, Tensor>>;

/**
 * Keys and values of a batch's rows, owned by JavaScript and read in place by the decode graph.
 *
 * Per layer, keys are [R, J, C-1, K] and values [R, J, C, K] with an empty last cell (see `decodeGraph`).
 * Rows hold sequences of any length; `mask` says which cells are theirs. Nothing is allocated before it is
 * needed: rows and cells grow with the batch.
 */
export class KvCache {
  #config: Pick<ModelConfig, 'numLayers' | 'numKvHeads' | 'headDim'>;
  #numRows = 0;
  #numCells = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #mask: Float32Array = new Float32Array(0);

  constructor(config: Pick<ModelConfig, 'numLayers' | 'numKvHeads' | 'headDim'>) {
    this.#config = config;
    this.clear();
  }

  get numCells(): number {
    return this.#numCells;
  }

  get numBytes(): number {
    return [...this.#keys, ...this.#values, this.#mask].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
  }

  /** Forgets everything, memory included. */
  clear(): void {
    this.#numRows = 0;
    this.#numCells = 0;
    this.#keys = Array.from({ length: this.#config.numLayers }, () => new Float32Array(0));
    this.#values = this.#keys.map(() => new Float32Array(0));
    this.#mask = new Float32Array(0);
  }

  /**
   * Makes room for `numRows` rows of `numPast` past cells, keeping the first `numUsed` rows. Shrinks when
   * half of the cells would do, so that one long rollout does not slow the batch for ever.
   */
  fit(numRows: number, numPast: number, numUsed: number): void {
    const needed = Math.ceil((numPast + 1) / cellsPerGrowth) * cellsPerGrowth;
    const keepsCells = needed <= this.#numCells && 2 * needed > this.#numCells;
    const cells = keepsCells ? this.#numCells : needed;
    const rows = Math.max(numRows, this.#numRows);
    if (cells === this.#numCells && rows === this.#numRows) return;
    const { numKvHeads: J, headDim: K } = this.#config;
    const kept = { blocks: numUsed * J, size: (Math.min(this.#numCells, cells) - 1) * K };
    const from = this.#numCells;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      // One array at a time, so that old and new caches never stand side by side as a whole.
      const keys = new Float32Array(rows * J * (cells - 1) * K);
      this.#keys[layer] = copyBlocks(
        this.#keys[layer]!,
        (from - 1) * K,
        keys,
        (cells - 1) * K,
        kept,
      );
      const values = new Float32Array(rows * J * cells * K);
      this.#values[layer] = copyBlocks(this.#values[layer]!, from * K, values, cells * K, kept);
    }
    const keptMask = { blocks: numUsed, size: Math.min(from, cells) - 1 };
    const mask = new Float32Array(rows * (cells - 1)).fill(masked);
    this.#mask = copyBlocks(this.#mask, from - 1, mask, cells - 1, keptMask);
    this.#numRows = rows;
    this.#numCells = cells;
  }

  /** Starts a row with a prompt's cells. What an earlier row left behind is masked. */
  writePrompt(row: number, prompt: PromptCells): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const size = prompt.length * K;
    const cells = this.#numCells;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      for (let head = 0; head < J; head++) {
        const block = row * J + head;
        const part = [head * size, (head + 1) * size] as const;
        this.#keys[layer]!.set(prompt.keys[layer]!.subarray(...part), block * (cells - 1) * K);
        this.#values[layer]!.set(prompt.values[layer]!.subarray(...part), block * cells * K);
      }
    }
    const start = row * (cells - 1);
    this.#mask.fill(0, start, start + prompt.length);
    this.#mask.fill(masked, start + prompt.length, start + cells - 1);
  }

  /** Stores the fresh cell of each row r at `positions[r]`; a negative position skips the row. */
  append(fresh: FreshCells, positions: Int32Array): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      const keys = fresh[`keys${layer}`]!.data as Float32Array;
      const values = fresh[`values${layer}`]!.data as Float32Array;
      appendCells(this.#keys[layer]!, keys, positions, { J, K, cells: this.#numCells - 1 });
      appendCells(this.#values[layer]!, values, positions, { J, K, cells: this.#numCells });
    }
    const numPast = this.#numCells - 1;
    positions.forEach((position, row) => {
      if (position >= 0) this.#mask[row * numPast + position] = 0;
    });
  }

  /** Copies one row over another. */
  moveRow(from: number, to: number): void {
    for (const array of [...this.#keys, ...this.#values, this.#mask]) {
      const size = array.length / this.#numRows;
      array.copyWithin(to * size, from * size, (from + 1) * size);
    }
  }

  /** The first rows as inputs of the decode graph; views, so they show what is written later. */
  feeds(numRows: number): Record<string, Tensor> {
    const { numKvHeads: J, headDim: K } = this.#config;
    const cells = this.#numCells;
    const view = (array: Float32Array, dims: readonly number[]): Tensor =>
      tensor(array.subarray(0, (array.length / this.#numRows) * numRows), dims);
    const feeds: Record<string, Tensor> = { mask: view(this.#mask, [numRows, 1, 1, cells - 1]) };
    for (let layer = 0; layer < this.#keys.length; layer++) {
      feeds[`pastKeys${layer}`] = view(this.#keys[layer]!, [numRows, J, cells - 1, K]);
      feeds[`pastValues${layer}`] = view(this.#values[layer]!, [numRows, J, cells, K]);
    }
    return feeds;
  }
}

/** Copies the beginning of each block from one layout to another. */
function copyBlocks(
  from: Float32Array,
  fromStride: number,
  to: Float32Array,
  toStride: number,
  { blocks, size }: { blocks: number; size: number },
): Float32Array {
  for (let block = 0; block < blocks; block++) {
    to.set(from.subarray(block * fromStride, block * fromStride + size), block * toStride);
  }
  return to;
}

/**
 * Writes fresh [R, J, 1, K] into a cache [R, J, cells, K], two float32 at a time (head dims are even).
 *
 * A float64 holds a pair unchanged: only a pair whose second number is infinite or NaN could be read as a
 * float64 NaN and lose its payload.
 */
function appendCells(
  cache: Float32Array,
  fresh: Float32Array,
  positions: Int32Array,
  { J, K, cells }: { J: number; K: number; cells: number },
): void {
  const half = K / 2;
  const to = new Float64Array(cache.buffer, cache.byteOffset, cache.length / 2);
  const from = new Float64Array(fresh.buffer, fresh.byteOffset, fresh.length / 2);
  for (let row = 0; row < positions.length; row++) {
    const position = positions[row]!;
    if (position < 0) continue;
    for (let head = row * J; head < (row + 1) * J; head++) {
      const source = head * half;
      const target = (head * cells + position) * half;
      for (let i = 0; i < half; i++) to[target + i] = from[source + i]!;
    }
  }
}
