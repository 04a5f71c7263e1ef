import type { ModelConfig } from '@mgrpo/model';
import { freeArrays } from '@mgrpo/runtime';
import type { Batch, BatchParts, BatchUse } from './batch.ts';
import { drawFirst } from './draw-first.ts';
import { addToken, type Draft, finishDraft, lastPosition } from './job.ts';
import { KvCache } from './kv-cache.ts';
import type { RotaryFeeds } from './rotary-feeds.ts';
import { drawnRows, paddedRows, samplingFeeds, tokenFeeds } from './sampler.ts';

/** A batch on the CPU, whose cache JavaScript owns. */
export class HostBatch implements Batch {
  use: BatchUse;
  readonly #config: ModelConfig;
  readonly #rotary: RotaryFeeds;
  readonly #cache: KvCache;
  #drafts: Draft[] = [];

  constructor(config: ModelConfig, parts: BatchParts) {
    this.#config = config;
    this.#rotary = parts.rotary;
    this.#cache = new KvCache(config);
    this.use = parts.use;
  }

  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  get cacheBytes(): number {
    return this.#cache.numBytes;
  }

  async join(newcomers: readonly Draft[]): Promise<void> {
    const staying = await drawFirst(this.#config, this.use, newcomers);
    this.#fit(
      this.#drafts.length + staying.length,
      [...this.#drafts, ...staying].map(lastPosition),
    );
    for (const draft of staying) {
      this.#cache.writePrompt(this.#drafts.length, draft.job.prompt!);
      this.#drafts.push(draft);
    }
  }

  async step(): Promise<number> {
    this.#removeWhere((draft) => draft.job.isSettled);
    const drafts = this.#drafts;
    const numDrafts = drafts.length;
    if (numDrafts === 0) return 0;
    const { weights, sampler } = this.use;
    const numRows = paddedRows(sampler, numDrafts);
    const outputs = await sampler.decode.run({
      ...(sampler.weights ?? weights.feeds),
      ...(await this.#rotary.feeds(this.#cache.numCells)),
      ...this.#cache.feeds(numRows),
      ...tokenFeeds(drafts, numRows),
      ...samplingFeeds(sampler, drafts, numRows),
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

  clear(): readonly Draft[] {
    const dropped = this.#drafts;
    this.#drafts = [];
    this.#cache.clear();
    return dropped;
  }

  #fit(numRows: number, numPast: readonly number[]): void {
    const longest = numPast.reduce((a, b) => Math.max(a, b), 0);
    this.#cache.fit(paddedRows(this.use.sampler, numRows), longest, this.#drafts.length);
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
