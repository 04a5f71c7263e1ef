// R rows, J key/value heads.
import type { ModelConfig } from '@mgrpo/model';
import { type DeviceSession, type Feeds, tensor } from '@mgrpo/runtime';
import type { Batch, BatchParts, BatchUse } from './batch.ts';
import { DeviceCache, type RowSource } from './device-cache.ts';
import { drawFirst } from './draw-first.ts';
import { addToken, type Draft, finishDraft, lastPosition } from './job.ts';
import type { RotaryFeeds } from './rotary-feeds.ts';
import { drawnRows, minRows, samplingFeeds, tokenFeeds } from './sampler.ts';

const drawnOutputs = ['nextTokens', 'logprobs', 'entropies', 'selfCertainties'];

/** Rollouts that decode together from a cache in the memory of a GPU: what moves for a token is its numbers alone. */
export class DeviceBatch implements Batch {
  use: BatchUse;
  readonly #config: ModelConfig;
  readonly #rotary: RotaryFeeds;
  readonly #cache: DeviceCache;
  /** Of the cache's first rows, in its order. */
  #drafts: Draft[] = [];

  constructor(config: ModelConfig, parts: BatchParts, arrange: DeviceSession) {
    this.#config = config;
    this.#rotary = parts.rotary;
    this.#cache = new DeviceCache(config, arrange);
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
    if (staying.length > 0) await this.#arrange(this.#drafts, staying);
  }

  async step(): Promise<number> {
    const active = this.#drafts.filter(({ job }) => !job.isSettled);
    const longest = active.reduce((most, draft) => Math.max(most, lastPosition(draft)), 0);
    const isFull = !this.#cache.holds(longest + 1);
    if (active.length < this.#drafts.length || isFull) await this.#arrange(active, []);
    const drafts = this.#drafts;
    if (drafts.length === 0) return 0;
    const { weights, sampler } = this.use;
    const { numRows, numCells } = this.#cache;
    const outputs = await sampler.decode.run(
      {
        ...weights.feeds,
        ...(await this.#rotary.feeds(numCells)),
        ...this.#cache.feeds,
        ...tokenFeeds(drafts, numRows),
        ...this.#cellFeeds(),
        ...samplingFeeds(sampler, drafts, numRows),
      },
      drawnOutputs.filter((name) => sampler.sample.outputNames.includes(name)),
      this.#cache.outputs,
    );
    const drawn = drawnRows(outputs, drafts.length);
    const done = new Set(
      drafts.filter((draft, row) => {
        const finishReason = addToken(draft, drawn[row]!);
        if (finishReason) finishDraft(draft, finishReason);
        return finishReason !== null;
      }),
    );
    if (done.size > 0) {
      await this.#arrange(
        drafts.filter((draft) => !done.has(draft)),
        [],
      );
    }
    return drafts.length;
  }

  clear(): readonly Draft[] {
    const dropped = this.#drafts;
    this.#drafts = [];
    this.#cache.clear();
    return dropped;
  }

  /** Keeps the rows of some drafts and adds those of newcomers, which begin with their prompts' cells. */
  async #arrange(kept: readonly Draft[], newcomers: readonly Draft[]): Promise<void> {
    const drafts = [...kept, ...newcomers];
    if (drafts.length === 0) {
      this.clear();
      return;
    }
    const prompts = [...new Set(newcomers.map(({ job }) => job.prompt!))];
    const sources: RowSource[] = [
      ...kept.map((draft) => ({ kind: 'row' as const, row: this.#drafts.indexOf(draft) })),
      ...newcomers.map(({ job }) => ({
        kind: 'prompt' as const,
        prompt: prompts.indexOf(job.prompt!),
      })),
    ];
    while (sources.length < minRows) sources.push(sources[0]!);
    const longest = Math.max(...drafts.map(lastPosition));
    await this.#cache.arrange(sources, prompts, longest + 1);
    this.#drafts = drafts;
  }

  /** Where each row's token is written, and what it may attend to. */
  #cellFeeds(): Feeds {
    const { numKvHeads: J } = this.#config;
    const { numRows: R, numCells } = this.#cache;
    const cells = new BigInt64Array(R * J * 3);
    const lengths = new Float32Array(R);
    for (let row = 0; row < R; row++) {
      // A row that no one reads writes into itself.
      const draft = this.#drafts[row];
      const position = draft === undefined ? 0 : lastPosition(draft);
      lengths[row] = position + 1;
      for (let head = 0; head < J; head++) {
        cells.set([BigInt(row), BigInt(head), BigInt(position)], (row * J + head) * 3);
      }
    }
    return {
      cells: tensor(cells, [R, J, 3]),
      lengths: tensor(lengths, [R, 1, 1, 1]),
      columns: tensor(
        Float32Array.from({ length: numCells }, (_, column) => column),
        [numCells],
      ),
    };
  }
}
