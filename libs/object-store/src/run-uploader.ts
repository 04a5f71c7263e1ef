import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { pauseAfter } from '@mgrpo/retries';
import type { RunSnapshot } from './run-snapshot.ts';

export interface RunUploaderOptions {
  /** Uploads one snapshot; see `RunUpload`. */
  upload(snapshot: RunSnapshot): Promise<void>;
  /** Ends the requests of an upload under way. */
  abort(): void;
  /** Longest pause before another try (ms). */
  readonly retryMs: number;
  onUploaded(snapshot: RunSnapshot): void;
  /** An upload failed; it is tried again unless `isFinal`. */
  onFailure(message: string, isFinal: boolean): void;
}

// Trying again makes none of these better.
const finalCodes = ['INCOMPATIBLE', 'STALE_EPOCH'];
const firstPauseMs = 1000;

/**
 * Uploads snapshots of a run in the background, one after the other in their order. Whoever adds one never waits; where uploads
 * are slower than checkpoints, or the store is away, the newest snapshot takes the place of the one that waits.
 */
export class RunUploader {
  readonly #options: RunUploaderOptions;
  readonly #hurry = new AbortController();
  #waiting: RunSnapshot | null = null;
  #current: RunSnapshot | null = null;
  #work: Promise<void> | null = null;
  #isFinished = false;

  constructor(options: RunUploaderOptions) {
    this.#options = options;
  }

  /** True while the checkpoint's files are still to be read. */
  isPinned(iterations: number): boolean {
    return [this.#waiting, this.#current].some((each) => each?.checkpoint === iterations);
  }

  /** Has the snapshot uploaded when its turn comes. */
  add(snapshot: RunSnapshot): void {
    if (this.#isFinished) return;
    this.#waiting = snapshot;
    this.#start();
  }

  /** Waits for what is still to be uploaded, until a moment (by `performance.now()`); then null, or what was not uploaded. */
  async finish(untilMs: number): Promise<RunSnapshot | null> {
    // A pause before the next try ends now.
    this.#hurry.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, untilMs - performance.now()));
    await Promise.race([this.#work, promise]);
    clearTimeout(timer);
    this.#isFinished = true;
    const left = this.#waiting ?? this.#current;
    this.#options.abort();
    await this.#work;
    return left;
  }

  #start(): void {
    if (this.#waiting === null || this.#isFinished) return;
    this.#work ??= this.#run().finally(() => {
      this.#work = null;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#waiting !== null && !this.#isFinished; ) {
      this.#current = this.#waiting;
      this.#waiting = null;
      try {
        await this.#options.upload(this.#current);
        this.#options.onUploaded(this.#current);
        failures = 0;
      } catch (error) {
        if (this.#isFinished) return;
        failures++;
        const isFinal = error instanceof MgrpoError && finalCodes.includes(error.code);
        this.#options.onFailure(messageOf(error), isFinal);
        if (isFinal) this.#isFinished = true;
        else await this.#pause(failures);
        this.#waiting ??= this.#current;
      }
      this.#current = null;
    }
  }

  async #pause(failures: number): Promise<void> {
    const policy = { firstPauseMs, maxPauseMs: this.#options.retryMs, random: Math.random };
    const pauseMs = this.#hurry.signal.aborted ? firstPauseMs : pauseAfter(failures, policy);
    await sleep(pauseMs, undefined, { signal: this.#hurry.signal }).catch(() => sleep(100));
  }
}
