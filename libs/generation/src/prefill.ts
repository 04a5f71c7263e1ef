// T tokens of a chunk, J key/value heads, K head dim, D hidden.
import type { ModelConfig } from '@mgrpo/model';
import { type Session, type Tensor, tensor } from '@mgrpo/runtime';
import type { PromptCells } from './kv-cache.ts';
import type { RotaryFeeds } from './rotary-feeds.ts';
import type { WeightVersion } from './weight-version.ts';

/** A prompt that was read once for all its rollouts. */
export interface Prompt extends PromptCells {
  /** Hidden state of the last token after the final norm [D]: the first response token is drawn from it. */
  readonly hidden: Float32Array;
  readonly numBytes: number;
}

/**
 * Positions are computed in chunks that begin at multiples of this and are padded to a multiple of 32, so a
 * position's bits depend on its prompt alone. A chunk also bounds the score matrix of long prompts.
 */
const chunkTokens = 256;
const paddedTo = 32;
/** Rows of one run: short prompts share it. */
const maxRunTokens = 1024;

/** Reads prompts with one weight version. */
export class Prefill {
  readonly #config: ModelConfig;
  readonly #session: Session;
  readonly #rotary: RotaryFeeds;

  constructor(config: ModelConfig, session: Session, rotary: RotaryFeeds) {
    this.#config = config;
    this.#session = session;
    this.#rotary = rotary;
  }

  /** The prompts' cells and last hidden states, in order. */
  async read(prompts: readonly Int32Array[], weights: WeightVersion): Promise<Prompt[]> {
    const results = new Map<Int32Array, Prompt>();
    for (const run of packRuns(prompts)) {
      const read = run[0]!.length > chunkTokens ? this.#readLong : this.#readShort;
      const done = await read.call(this, run, weights);
      run.forEach((tokens, i) => {
        results.set(tokens, done[i]!);
      });
    }
    return prompts.map((tokens) => results.get(tokens)!);
  }

  /** Prompts of at most one chunk and one padded length, in one run. */
  async #readShort(prompts: readonly Int32Array[], weights: WeightVersion): Promise<Prompt[]> {
    const { numKvHeads: J, headDim: K, hiddenSize: D } = this.#config;
    const width = paddedLength(prompts[0]!.length);
    const outputs = await this.#runChunk(prompts, 0, this.#emptyPast(prompts.length), weights);
    return prompts.map((tokens, index) => {
      const cells = (name: string): Float32Array => {
        const all = outputs[name]!.data as Float32Array;
        const own = all.subarray(index * J * width * K, (index + 1) * J * width * K);
        return trimCells(own, { J, K, from: width, to: tokens.length });
      };
      const hidden = outputs.hidden!.data as Float32Array;
      return this.#prompt(tokens.length, cells, hidden.slice(index * D, (index + 1) * D));
    });
  }

  /** One prompt of several chunks, each reading the cells of those before it. */
  async #readLong([tokens]: readonly Int32Array[], weights: WeightVersion): Promise<Prompt[]> {
    const { numKvHeads: J, headDim: K } = this.#config;
    let past = this.#emptyPast(1);
    let hidden = new Float32Array(0);
    const numTokens = tokens!.length;
    for (let start = 0; start < numTokens; start += chunkTokens) {
      const chunk = tokens!.subarray(start, start + chunkTokens);
      const outputs = await this.#runChunk([chunk], start, past, weights);
      const width = paddedLength(chunk.length);
      const end = start + chunk.length;
      past = Object.fromEntries(
        Object.entries(past).map(([name, before]) => {
          const fresh = outputs[name.replace('pastKeys', 'keys').replace('pastValues', 'values')]!;
          const joined = new Float32Array(J * end * K);
          placeCells(before.data as Float32Array, joined, { J, K, from: start, to: end, at: 0 });
          const own = trimCells(fresh.data as Float32Array, {
            J,
            K,
            from: width,
            to: chunk.length,
          });
          placeCells(own, joined, { J, K, from: chunk.length, to: end, at: start });
          return [name, tensor(joined, [1, J, end, K])];
        }),
      );
      hidden = (outputs.hidden!.data as Float32Array).slice();
    }
    const cells = (name: string): Float32Array => {
      const input = name.replace('keys', 'pastKeys').replace('values', 'pastValues');
      return past[input]!.data as Float32Array;
    };
    return [this.#prompt(numTokens, cells, hidden)];
  }

  #runChunk(
    chunks: readonly Int32Array[],
    start: number,
    past: Readonly<Record<string, Tensor>>,
    weights: WeightVersion,
  ): Promise<Record<string, Tensor>> {
    const width = paddedLength(chunks[0]!.length);
    const tokens = new BigInt64Array(chunks.length * width);
    const rows = new BigInt64Array(chunks.length);
    chunks.forEach((chunk, index) => {
      chunk.forEach((token, i) => {
        tokens[index * width + i] = BigInt(token);
      });
      rows[index] = BigInt(index * width + chunk.length - 1);
    });
    return this.#session.run({
      ...weights.feeds,
      ...this.#rotary.feeds(start + width),
      ...past,
      tokens: tensor(tokens, [chunks.length, width]),
      rows: tensor(rows, [chunks.length]),
      firstPosition: tensor(BigInt64Array.of(BigInt(start)), [1]),
    });
  }

  #emptyPast(numPrompts: number): Record<string, Tensor> {
    const { numLayers, numKvHeads, headDim } = this.#config;
    const empty = tensor(new Float32Array(0), [numPrompts, numKvHeads, 0, headDim]);
    const names = Array.from({ length: numLayers }, (_, l) => [`pastKeys${l}`, `pastValues${l}`]);
    return Object.fromEntries(names.flat().map((name) => [name, empty]));
  }

  #prompt(length: number, cells: (name: string) => Float32Array, hidden: Float32Array): Prompt {
    const layers = Array.from({ length: this.#config.numLayers }, (_, layer) => layer);
    const keys = layers.map((layer) => cells(`keys${layer}`));
    const values = layers.map((layer) => cells(`values${layer}`));
    const numBytes = [...keys, ...values, hidden].reduce((sum, a) => sum + a.byteLength, 0);
    return { length, keys, values, hidden, numBytes };
  }
}

/** Groups prompts of one padded length into runs; prompts longer than a chunk run alone. */
function packRuns(prompts: readonly Int32Array[]): Int32Array[][] {
  const runs: Int32Array[][] = [];
  const open = new Map<number, Int32Array[]>();
  for (const tokens of prompts) {
    const width = paddedLength(tokens.length);
    const last = open.get(width);
    if (last && width <= chunkTokens && (last.length + 1) * width <= maxRunTokens) {
      last.push(tokens);
    } else {
      const run = [tokens];
      open.set(width, run);
      runs.push(run);
    }
  }
  return runs;
}

function paddedLength(numTokens: number): number {
  return Math.ceil(numTokens / paddedTo) * paddedTo;
}

/** [J, from, K] without the cells from `to` on: [J, to, K]. */
function trimCells(
  cells: Float32Array,
  { J, K, from, to }: { J: number; K: number; from: number; to: number },
): Float32Array {
  const trimmed = new Float32Array(J * to * K);
  for (let head = 0; head < J; head++) {
    trimmed.set(cells.subarray(head * from * K, (head * from + to) * K), head * to * K);
  }
  return trimmed;
}

/** Writes [J, from, K] into [J, to, K] from cell `at` on. */
function placeCells(
  cells: Float32Array,
  into: Float32Array,
  { J, K, from, to, at }: { J: number; K: number; from: number; to: number; at: number },
): void {
  for (let head = 0; head < J; head++) {
    into.set(cells.subarray(head * from * K, (head + 1) * from * K), (head * to + at) * K);
  }
}
