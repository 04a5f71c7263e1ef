// J key/value heads, K head dim, D hidden.
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
      const [first] = run;
      const isLong = first!.length > chunkTokens;
      const done = isLong
        ? [await this.#readLong(first!, weights)]
        : await this.#readChunk(run, this.#noCells(), weights);
      run.forEach((tokens, i) => {
        results.set(tokens, done[i]!);
      });
    }
    return prompts.map((tokens) => results.get(tokens)!);
  }

  /** A prompt of several chunks, each reading the cells of those before it. */
  async #readLong(tokens: Int32Array, weights: WeightVersion): Promise<Prompt> {
    let prompt: Prompt | undefined;
    for (let start = 0; start < tokens.length; start += chunkTokens) {
      const past: PromptCells = prompt ?? this.#noCells();
      const chunk = tokens.subarray(start, start + chunkTokens);
      const [own] = await this.#readChunk([chunk], past, weights);
      prompt = newPrompt(this.#joinCells(past, own!), own!.hidden);
    }
    return prompt!;
  }

  /** The cells of one chunk of prompts of one padded length, in one run. */
  async #readChunk(
    chunks: readonly Int32Array[],
    past: PromptCells,
    weights: WeightVersion,
  ): Promise<Prompt[]> {
    const { hiddenSize: D } = this.#config;
    const width = paddedLength(chunks[0]!.length);
    const tokens = new BigInt64Array(chunks.length * width);
    const rows = new BigInt64Array(chunks.length);
    chunks.forEach((chunk, index) => {
      chunk.forEach((token, i) => {
        tokens[index * width + i] = BigInt(token);
      });
      rows[index] = BigInt(index * width + chunk.length - 1);
    });
    const outputs = await this.#session.run({
      ...weights.feeds,
      ...(await this.#rotary.feeds(past.length + width)),
      ...this.#pastFeeds(past, chunks.length),
      tokens: tensor(tokens, [chunks.length, width]),
      rows: tensor(rows, [chunks.length]),
      firstPosition: tensor(BigInt64Array.of(BigInt(past.length)), [1]),
    });
    const hidden = outputs.hidden!.data as Float32Array;
    return chunks.map((chunk, index) => {
      const cells = this.#ownCells(outputs, { index, width, length: chunk.length });
      return newPrompt(cells, hidden.slice(index * D, (index + 1) * D));
    });
  }

  #noCells(): PromptCells {
    const none = Array.from({ length: this.#config.numLayers }, () => new Float32Array(0));
    return { length: 0, keys: none, values: none };
  }

  #pastFeeds({ length, keys, values }: PromptCells, numPrompts: number): Record<string, Tensor> {
    const dims = [numPrompts, this.#config.numKvHeads, length, this.#config.headDim];
    const feeds: Record<string, Tensor> = {};
    for (let layer = 0; layer < keys.length; layer++) {
      feeds[`pastKeys${layer}`] = tensor(keys[layer]!, dims);
      feeds[`pastValues${layer}`] = tensor(values[layer]!, dims);
    }
    return feeds;
  }

  /** One prompt's part of a run's outputs, without the padding. */
  #ownCells(
    outputs: Readonly<Record<string, Tensor>>,
    { index, width, length }: { index: number; width: number; length: number },
  ): PromptCells {
    const { numLayers, numKvHeads: J, headDim: K } = this.#config;
    const size = J * width * K;
    const own = (name: string): Float32Array => {
      const all = outputs[name]!.data as Float32Array;
      const cells = new Float32Array(J * length * K);
      copyHeads(all.subarray(index * size, (index + 1) * size), cells, {
        J,
        from: width * K,
        to: length * K,
      });
      return cells;
    };
    const layers = Array.from({ length: numLayers }, (_, layer) => layer);
    return {
      length,
      keys: layers.map((layer) => own(`keys${layer}`)),
      values: layers.map((layer) => own(`values${layer}`)),
    };
  }

  #joinCells(past: PromptCells, own: PromptCells): PromptCells {
    const { numKvHeads: J, headDim: K } = this.#config;
    const length = past.length + own.length;
    const to = length * K;
    const join = (before: Float32Array, after: Float32Array): Float32Array => {
      const joined = new Float32Array(J * to);
      copyHeads(before, joined, { J, from: past.length * K, to });
      copyHeads(after, joined.subarray(past.length * K), { J, from: own.length * K, to });
      return joined;
    };
    return {
      length,
      keys: past.keys.map((keys, layer) => join(keys, own.keys[layer]!)),
      values: past.values.map((values, layer) => join(values, own.values[layer]!)),
    };
  }
}

function newPrompt(cells: PromptCells, hidden: Float32Array): Prompt {
  const arrays = [...cells.keys, ...cells.values, hidden];
  const numBytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { ...cells, hidden, numBytes };
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

/** Copies what fits of each of J blocks, `from` numbers apart, to blocks `to` numbers apart. */
function copyHeads(
  source: Float32Array,
  target: Float32Array,
  { J, from, to }: { J: number; from: number; to: number },
): void {
  const size = Math.min(from, to);
  for (let head = 0; head < J; head++) {
    target.set(source.subarray(head * from, head * from + size), head * to);
  }
}
