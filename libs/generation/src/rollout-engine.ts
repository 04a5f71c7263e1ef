import type { MgrpoError } from '@mgrpo/errors';
import type { GenerationStats } from './generator.ts';
import type { GenerationRequest, Rollout } from './request.ts';

/** What a rollout service needs of an engine: our own, or servers of another. */
export interface RolloutEngine {
  /** Settles when the engine can't go on: `undefined` after `close()`, else the error. */
  readonly ended: Promise<MgrpoError | undefined>;
  /** Takes a weight version as a flat array. Sent again, it replaces what was there. */
  setWeights(version: number, flat: Float32Array): Promise<void>;
  /** Forgets a version. */
  dropWeights(version: number): Promise<void>;
  /** The weight versions held, in order. */
  versions(): readonly number[];
  /** Null when it can be given work, else why not. */
  notReady(): string | null;
  /**
   * Samples the rollouts of one request, in order of their index.
   *
   * @throws MgrpoError STALE_WEIGHTS when the version is not held, CANCELLED when `signal` aborts, UNAVAILABLE
   * or DEADLINE when a server does not answer
   */
  generate(request: GenerationRequest, signal?: AbortSignal): Promise<Rollout[]>;
  stats(): Promise<GenerationStats>;
  /** Cancels what is under way; idempotent. */
  close(): Promise<void>;
}
