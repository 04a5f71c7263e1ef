// R rows, C cells, J key/value heads, K head dim.
import type { ModelConfig } from '@mgrpo/model';
import { freeArrays, type Tensor, tensor } from '@mgrpo/runtime';

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

type CacheConfig = Pick<ModelConfig, 'numLayers' | 'numKvHeads' | 'headDim'>;

/**
 * Keys and values of a batch's rows, owned by JavaScript and read in place by the decode graph.
 *
 * Per layer, keys are [R, J, C, K] and values [R, J, C+1, K] with an empty last cell (see `decodeGraph`).
 * Rows hold sequences of any length; the mask [R, C] says which cells are theirs. What masked cells hold is
 * any finite number. Nothing is allocated before it is needed: rows and cells grow with the batch.
 */
export class KvCache {
  readonly #config: CacheConfig;
  #numRows = 0;
  #numCells = 0;
  #keys: Float32Array[] = [];
  #values: Float32Array[] = [];
  #mask: Float32Array = new Float32Array(0);

  constructor(config: CacheConfig) {
    this.#config = config;
    this.clear();
  }

  get numCells(): number {
    return this.#numCells;
  }

  get numBytes(): number {
    return this.#arrays().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Forgets everything, memory included. */
  clear(): void {
    freeArrays(this.#arrays());
    this.#numRows = 0;
    this.#numCells = 0;
    this.#keys = Array.from({ length: this.#config.numLayers }, () => new Float32Array(0));
    this.#values = this.#keys.map(() => new Float32Array(0));
    this.#mask = new Float32Array(0);
  }

  /**
   * Makes room for `numRows` rows of `numPast` past cells, keeping the first `numUsed` rows. Goes back to
   * fewer cells when half would do, so that one long rollout does not slow the batch for ever.
   */
  fit(numRows: number, numPast: number, numUsed: number): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const needed = Math.ceil(Math.max(numPast, 1) / cellsPerGrowth) * cellsPerGrowth;
    const from = this.#numCells;
    const cells = needed <= from && 2 * needed > from ? from : needed;
    if (cells === from && numRows <= this.#numRows) return;
    const kept = Math.min(from, cells);
    const move = (array: Float32Array, blocksPerRow: number, extra: number, width: number) =>
      restride(array, numRows * blocksPerRow * (cells + extra) * width, {
        blocks: numUsed * blocksPerRow,
        size: kept * width,
        from: (from + extra) * width,
        to: (cells + extra) * width,
      });
    // One array at a time, so that old and new caches never stand side by side as a whole.
    this.#keys.forEach((_, layer, all) => {
      all[layer] = move(all[layer]!, J, 0, K);
    });
    this.#values.forEach((_, layer, all) => {
      all[layer] = move(all[layer]!, J, 1, K);
    });
    this.#mask = move(this.#mask, 1, 0, 1);
    this.#numRows = numRows;
    this.#numCells = cells;
    for (let row = 0; row < numUsed; row++) this.#closeRow(row, kept);
  }

  /** Starts a row with a prompt's cells. */
  writePrompt(row: number, prompt: PromptCells): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const size = prompt.length * K;
    const cells = this.#numCells;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      for (let head = 0; head < J; head++) {
        const block = row * J + head;
        const part = [head * size, (head + 1) * size] as const;
        this.#keys[layer]!.set(prompt.keys[layer]!.subarray(...part), block * cells * K);
        this.#values[layer]!.set(prompt.values[layer]!.subarray(...part), block * (cells + 1) * K);
      }
    }
    this.#mask.fill(0, row * cells, row * cells + prompt.length);
    this.#closeRow(row, prompt.length);
  }

  /** Stores the fresh cell of each row r at `positions[r]`; a negative position skips the row. */
  append(fresh: FreshCells, positions: Int32Array): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const cells = this.#numCells;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      const keys = fresh[`keys${layer}`]!.data as Float32Array;
      const values = fresh[`values${layer}`]!.data as Float32Array;
      appendCells(this.#keys[layer]!, keys, positions, { J, K, cells });
      appendCells(this.#values[layer]!, values, positions, { J, K, cells: cells + 1 });
    }
    positions.forEach((position, row) => {
      if (position >= 0) this.#mask[row * cells + position] = 0;
    });
  }

  /** Copies one row over another. */
  moveRow(from: number, to: number): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const copy = (array: Float32Array, size: number): Float32Array =>
      array.copyWithin(to * size, from * size, (from + 1) * size);
    for (const keys of this.#keys) copy(keys, J * this.#numCells * K);
    for (const values of this.#values) copy(values, J * (this.#numCells + 1) * K);
    copy(this.#mask, this.#numCells);
  }

  /** The first rows as inputs of the decode graph; views, so they show what is written later. */
  feeds(numRows: number): Record<string, Tensor> {
    const { numKvHeads: J, headDim: K } = this.#config;
    const cells = this.#numCells;
    const view = (array: Float32Array, dims: readonly number[]): Tensor =>
      tensor(
        array.subarray(
          0,
          dims.reduce((product, dim) => product * dim),
        ),
        dims,
      );
    const feeds: Record<string, Tensor> = { mask: view(this.#mask, [numRows, 1, 1, cells]) };
    for (let layer = 0; layer < this.#keys.length; layer++) {
      feeds[`pastKeys${layer}`] = view(this.#keys[layer]!, [numRows, J, cells, K]);
      feeds[`pastValues${layer}`] = view(this.#values[layer]!, [numRows, J, cells + 1, K]);
    }
    return feeds;
  }

  /** Masks a row's cells from `length` on and empties the last cell of its values. */
  #closeRow(row: number, length: number): void {
    const { numKvHeads: J, headDim: K } = this.#config;
    const cells = this.#numCells;
    this.#mask.fill(masked, row * cells + length, (row + 1) * cells);
    for (const values of this.#values) {
      for (let block = row * J; block < (row + 1) * J; block++) {
        const last = (block * (cells + 1) + cells) * K;
        values.fill(0, last, last + K);
      }
    }
  }

  #arrays(): Float32Array[] {
    return [...this.#keys, ...this.#values, this.#mask];
  }
}

/**
 * Lays blocks out at another distance, keeping the first `size` numbers of each. Works in place where the
 * array is long enough, as fresh memory costs more than the copy; gives memory back when most of it idles.
 */
function restride(
  array: Float32Array,
  length: number,
  { blocks, size, from, to }: { blocks: number; size: number; from: number; to: number },
): Float32Array {
  if (array.length >= length && array.length <= 8 * length) {
    for (let i = 0; i < blocks; i++) {
      // Growing blocks move from the last on, so that none is overwritten before it has moved.
      const block = to > from ? blocks - 1 - i : i;
      array.copyWithin(block * to, block * from, block * from + size);
    }
    return array;
  }
  const moved = new Float32Array(length);
  for (let block = 0; block < blocks; block++) {
    moved.set(array.subarray(block * from, block * from + size), block * to);
  }
  freeArrays([array]);
  return moved;
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
