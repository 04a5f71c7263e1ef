import type { Draft } from './job.ts';
import type { RotaryFeeds } from './rotary-feeds.ts';
import type { Sampler } from './sampler.ts';
import type { WeightVersion } from './weight-version.ts';

/** What all rollouts of a batch have in common. */
export interface BatchUse {
  readonly weights: WeightVersion;
  readonly sampler: Sampler;
}

/** What a batch is made of besides its rollouts. */
export interface BatchParts {
  readonly rotary: RotaryFeeds;
  readonly use: BatchUse;
}

/** Rollouts of one weight version and one sampler that decode together; they join and leave freely. */
export interface Batch {
  /** May be set while the batch is empty, which then keeps the memory it has. */
  use: BatchUse;
  readonly drafts: readonly Draft[];
  readonly cacheBytes: number;
  /** Draws the first token of new drafts from their prompts' last hidden states and takes them in. */
  join(newcomers: readonly Draft[]): Promise<void>;
  /** Decodes one token of every draft; returns how many. */
  step(): Promise<number>;
  /** Empties the batch after a failed run, memory included: what a NaN left behind is no mask's to hide. */
  clear(): readonly Draft[];
}
