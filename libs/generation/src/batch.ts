import type { ModelConfig } from '@mgrpo/model';
import { freeArrays, type Tensor, tensor } from '@mgrpo/runtime';
import { addToken, type Draft, finishDraft, lastPosition } from './job.ts';
import { KvCache } from './kv-cache.ts';
import type { RotaryFeeds } from './rotary-feeds.ts';
import { drawnRows, type Sampler, samplingFeeds } from './sampler.ts';
import type { WeightVersion } from './weight-version.ts';

/** With one row ONNX Runtime takes a path of other bits (design.md section 4). */
const minRows = 2;

/** Rollouts of one weight version and one sampler that decode together; they join and leave freely. */
export class Batch {
  readonly #config: ModelConfig;
  readonly #rotary: RotaryFeeds;
  readonly #cache: KvCache;
  #weights: WeightVersion;
  #sampler: Sampler;
  #drafts: Draft[] = [];

  constructor(
    config: ModelConfig,
    run: { rotary: RotaryFeeds; weights: WeightVersion; sampler: Sampler },
  ) {
    this.#config = config;
    this.#rotary = run.rotary;
    this.#cache = new KvCache(config);
    this.#weights = run.weights;
    this.#sampler = run.sampler;
  }

  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  get cacheBytes(): number {
    return this.#cache.numBytes;
  }

  uses(weights: WeightVersion): boolean {
    return this.#weights === weights;
  }

  serves(weights: WeightVersion, sampler: Sampler): boolean {
    return this.#weights === weights && this.#sampler === sampler;
  }

  /** Gives an empty batch, with the memory it has, to another version or sampler. */
  reassign(weights: WeightVersion, sampler: Sampler): void {
    this.#weights = weights;
    this.#sampler = sampler;
  }

  /** Draws the first token of new drafts from their prompts' last hidden states and takes them in. */
  async join(newcomers: readonly Draft[]): Promise<void> {
    const { hiddenSize: D } = this.#config;
    const numRows = Math.max(newcomers.length, minRows);
    const hidden = new Float32Array(numRows * D);
    newcomers.forEach((draft, row) => {
      hidden.set(draft.job.prompt!.hidden, row * D);
    });
    const outputs = await this.#sampler.sample.run({
      head: this.#weights.head,
      hidden: tensor(hidden, [numRows, D]),
      ...samplingFeeds(this.#sampler, newcomers, numRows),
    });
    const drawn = drawnRows(outputs, newcomers.length);
    const staying = newcomers.filter((draft, row) => {
      const finishReason = addToken(draft, drawn[row]!);
      if (finishReason) finishDraft(draft, finishReason);
      return finishReason === null;
    });
    this.#fit(
      this.#drafts.length + staying.length,
      [...this.#drafts, ...staying].map(lastPosition),
    );
    for (const draft of staying) {
      this.#cache.writePrompt(this.#drafts.length, draft.job.prompt!);
      this.#drafts.push(draft);
    }
  }

  /** Decodes one token of every draft; returns how many. */
  async step(): Promise<number> {
    this.#removeWhere((draft) => draft.job.isSettled);
    const drafts = this.#drafts;
    const numDrafts = drafts.length;
    if (numDrafts === 0) return 0;
    const numRows = Math.max(numDrafts, minRows);
    const outputs = await this.#sampler.decode.run({
      ...this.#weights.feeds,
      ...this.#rotary.feeds(this.#cache.numCells),
      ...this.#cache.feeds(numRows),
      ...this.#tokenFeeds(numRows),
      ...samplingFeeds(this.#sampler, drafts, numRows),
    });
    const drawn = drawnRows(outputs, drafts.length);
    const positions = Int32Array.from(drafts, lastPosition);
    const isDone = drafts.map((draft, row) => {
      const finishReason = addToken(draft, drawn[row]!);
      if (finishReason) finishDraft(draft, finishReason);
      return finishReason !== null;
    });
    const kept = positions.map((position, row) => (isDone[row] ? -1 : position));
    this.#fit(
      numRows,
      [...kept].map((position) => position + 1),
    );
    this.#cache.append(outputs, kept);
    freeArrays(Object.values(outputs).map(({ data }) => data));
    const done = new Set(drafts.filter((_, row) => isDone[row]));
    this.#removeWhere((draft) => done.has(draft));
    return numDrafts;
  }

  /** Empties the batch after a failed run, memory included: what a NaN left behind is no mask's to hide. */
  clear(): readonly Draft[] {
    const dropped = this.#drafts;
    this.#drafts = [];
    this.#cache.clear();
    return dropped;
  }

  #fit(numRows: number, numPast: readonly number[]): void {
    const longest = numPast.reduce((a, b) => Math.max(a, b), 0);
    this.#cache.fit(Math.max(numRows, minRows), longest, this.#drafts.length);
  }

  #tokenFeeds(numRows: number): Record<string, Tensor> {
    const tokens = new BigInt64Array(numRows);
    const positions = new BigInt64Array(numRows);
    // Low words of little-endian int64: ids and positions are below 2^31.
    const tokenWords = new Int32Array(tokens.buffer);
    const positionWords = new Int32Array(positions.buffer);
    this.#drafts.forEach((draft, row) => {
      tokenWords[2 * row] = draft.tokens.at(-1)!;
      positionWords[2 * row] = lastPosition(draft);
    });
    return { tokens: tensor(tokens, [numRows]), positions: tensor(positions, [numRows, 1]) };
  }

  /** Fills the place of each draft that leaves with the last one. */
  #removeWhere(leaves: (draft: Draft) => boolean): void {
    for (let row = this.#drafts.length - 1; row >= 0; row--) {
      if (!leaves(this.#drafts[row]!)) continue;
      const last = this.#drafts.length - 1;
      if (row < last) this.#cache.moveRow(last, row);
      this.#drafts[row] = this.#drafts[last]!;
      this.#drafts.pop();
    }
  }
}
