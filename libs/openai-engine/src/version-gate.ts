import { MgrpoError } from '@mgrpo/errors';

/** A request that may not run yet. */
interface Waiter {
  readonly version: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Lets requests through to a server that has one weight version at a time.
 *
 * Drain, switch, go: requests of the version that is served run at the same time, up to a limit; a request of
 * another waits until they have ended, and then the server is switched.
 *
 * First come, first served, but a switch lets all go that wait for its version: two versions in turn would
 * otherwise switch at every request.
 */
export class VersionGate {
  readonly #limit: number;
  readonly #switchTo: (version: number) => Promise<void>;
  #serving: number | null = null;
  #isSwitching = false;
  #numRunning = 0;
  #waiting: Waiter[] = [];

  /** @param switchTo resolves when the server has the version, and is never called while requests run */
  constructor(limit: number, switchTo: (version: number) => Promise<void>) {
    this.#limit = limit;
    this.#switchTo = switchTo;
  }

  /** The version that requests may use now; null before the first and when the server is not to be trusted. */
  get serving(): number | null {
    return this.#serving;
  }

  /** Requests that run or wait. */
  get load(): number {
    return this.#numRunning + this.#waiting.length;
  }

  /**
   * Runs `work` while the server has `version`.
   *
   * @throws what `switchTo` throws, MgrpoError CANCELLED when `signal` fires before its turn: then nothing is switched
   * for it
   */
  async run<T>(version: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(version, signal);
    try {
      return await work();
    } finally {
      this.#numRunning--;
      this.#pump();
    }
  }

  async #turn(version: number, signal: AbortSignal | undefined): Promise<void> {
    const message = `a request for weights ${version} was cancelled`;
    const cancelled = () => new MgrpoError('CANCELLED', message);
    if (signal?.aborted) throw cancelled();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { version, resolve, reject };
    const leave = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      reject(cancelled());
      this.#pump();
    };
    signal?.addEventListener('abort', leave, { once: true });
    this.#waiting.push(waiter);
    this.#pump();
    await promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  /** The server may have lost its weights: the next request switches it again, whatever its version. */
  distrust(): void {
    this.#serving = null;
  }

  #pump(): void {
    while (!this.#isSwitching && this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      if (next.version !== this.#serving) {
        if (this.#numRunning === 0) void this.#switch(next.version);
        return;
      }
      if (this.#numRunning >= this.#limit) return;
      this.#waiting.shift();
      this.#numRunning++;
      next.resolve();
    }
  }

  async #switch(version: number): Promise<void> {
    this.#isSwitching = true;
    this.#serving = null;
    const isForIt = (waiter: Waiter) => waiter.version === version;
    try {
      await this.#switchTo(version);
      this.#serving = version;
      const others = this.#waiting.filter((waiter) => !isForIt(waiter));
      this.#waiting = [...this.#waiting.filter(isForIt), ...others];
    } catch (error) {
      const failed = this.#waiting.filter(isForIt);
      this.#waiting = this.#waiting.filter((waiter) => !isForIt(waiter));
      for (const waiter of failed) waiter.reject(error);
    } finally {
      this.#isSwitching = false;
      this.#pump();
    }
  }
}
