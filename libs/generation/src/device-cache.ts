// R rows, S cells, J key/value heads, K head dim.
import type { ModelConfig } from '@mgrpo/model';
import { type DeviceSession, type DeviceTensor, type Feeds, tensor } from '@mgrpo/runtime';
import type { PromptCells } from './kv-cache.ts';

/** Cells are added in steps of this many, as each width compiles kernels of its own. */
const cellsPerGrowth = 64;

/** Where a new row comes from: an old row, or the prompt of that number. */
export type RowSource =
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'prompt'; readonly prompt: number };

/**
 * Keys and values of a batch's rows in the memory of a GPU: per layer [R, J, S, K] each.
 *
 * The decode graph writes a token's cells in place. Rows that come, go or outgrow the cells are laid out anew by a graph
 * of their own; only prompts travel.
 */
export class DeviceCache {
  readonly #config: ModelConfig;
  readonly #arrange: DeviceSession;
  #tensors: Readonly<Record<string, DeviceTensor>> = {};
  #numRows = 0;
  #numCells = 0;

  /** @param arrange of `arrangeGraph` */
  constructor(config: ModelConfig, arrange: DeviceSession) {
    this.#config = config;
    this.#arrange = arrange;
  }

  get numRows(): number {
    return this.#numRows;
  }

  get numCells(): number {
    return this.#numCells;
  }

  get numBytes(): number {
    const { numLayers, numKvHeads, headDim } = this.#config;
    return 2 * numLayers * this.#numRows * numKvHeads * this.#numCells * headDim * 4;
  }

  /** Whether `length` cells fit. */
  holds(length: number): boolean {
    return length <= this.#numCells;
  }

  /** The caches as inputs of the decode graph. */
  get feeds(): Feeds {
    return Object.fromEntries(
      Object.entries(this.#tensors).map(([name, cells]) => [pastName(name), cells]),
    );
  }

  /** The caches as outputs of the decode graph, which writes into them. */
  get outputs(): Readonly<Record<string, DeviceTensor>> {
    return this.#tensors;
  }

  /** Lays the rows out anew, with room for `length` cells each. */
  async arrange(
    sources: readonly RowSource[],
    prompts: readonly PromptCells[],
    length: number,
  ): Promise<void> {
    const width = Math.ceil(length / cellsPerGrowth) * cellsPerGrowth;
    const numOld = Math.max(this.#numRows, 1);
    const rows = BigInt64Array.from(sources, (source) =>
      BigInt(source.kind === 'row' ? source.row : numOld + source.prompt),
    );
    const arranged = await this.#arrange.run({
      ...(this.#numRows > 0 ? this.feeds : this.#emptyCells('past')),
      ...(prompts.length > 0 ? this.#promptCells(prompts) : this.#emptyCells('prompt')),
      rows: tensor(rows, [rows.length]),
      room: tensor(new Float32Array(width), [width]),
      width: tensor(BigInt64Array.of(BigInt(width)), [1]),
    });
    this.clear();
    this.#tensors = arranged;
    this.#numRows = sources.length;
    this.#numCells = width;
  }

  /** Forgets everything, memory included. */
  clear(): void {
    for (const cells of Object.values(this.#tensors)) cells.dispose();
    this.#tensors = {};
    this.#numRows = 0;
    this.#numCells = 0;
  }

  /** Prompts side by side, each with as many cells as the longest: [P, J, T, K]. */
  #promptCells(prompts: readonly PromptCells[]): Feeds {
    const { numLayers, numKvHeads: J, headDim: K } = this.#config;
    const longest = Math.max(...prompts.map(({ length }) => length));
    const stack = (cellsOf: (prompt: PromptCells) => Float32Array) => {
      const stacked = new Float32Array(prompts.length * J * longest * K);
      prompts.forEach((prompt, index) => {
        const cells = cellsOf(prompt);
        const size = prompt.length * K;
        for (let head = 0; head < J; head++) {
          const block = index * J + head;
          stacked.set(cells.subarray(head * size, (head + 1) * size), block * longest * K);
        }
      });
      return tensor(stacked, [prompts.length, J, longest, K]);
    };
    const feeds: Record<string, Feeds[string]> = {};
    for (let layer = 0; layer < numLayers; layer++) {
      feeds[`promptKeys${layer}`] = stack(({ keys }) => keys[layer]!);
      feeds[`promptValues${layer}`] = stack(({ values }) => values[layer]!);
    }
    return feeds;
  }

  /** One row of one cell that no one chooses, where there is nothing: a tensor without numbers has no buffer. */
  #emptyCells(prefix: 'past' | 'prompt'): Feeds {
    const { numLayers, numKvHeads: J, headDim: K } = this.#config;
    const empty = tensor(new Float32Array(J * K), [1, J, 1, K]);
    const layers = Array.from({ length: numLayers }, (_, layer) => layer);
    return Object.fromEntries(
      layers.flatMap((layer) =>
        ['Keys', 'Values'].map((name) => [`${prefix}${name}${layer}`, empty] as const),
      ),
    );
  }
}

/** `keys3` -> `pastKeys3`. */
function pastName(name: string): string {
  return `past${name[0]!.toUpperCase()}${name.slice(1)}`;
}
