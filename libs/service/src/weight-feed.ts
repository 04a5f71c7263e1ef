import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type PeerSecurity,
  serverStream,
  WeightAssembler,
  type WeightServiceClient,
  type WeightVersion,
  wireRole,
} from '@mgrpo/rpc';
import type { Logger } from '@mgrpo/telemetry';

export interface WeightFeedOptions {
  /** host:port of the learner (or of a relay). */
  address: string;
  security: PeerSecurity;
  role: 'policy' | 'momentum';
  /** Bytes of the model's parameters as float32. */
  expectedBytes: number;
  subscriber: string;
  fingerprint: string;
  configHash: string;
  /** Pause before a broken subscription is opened again. */
  reconnectDelayMs: number;
  log: Logger;
  /** Takes each version as it arrives, in order; the next one waits until it is done. */
  onVersion(weights: WeightVersion): Promise<void>;
  /** Told of each version received: its bytes, and the seconds from its first chunk to its last. */
  onTransfer?(bytes: number, seconds: number): void;
}

// The run's configuration, model or machine is not ours: trying again can't help.
const fatalCodes = new Set([
  'INCOMPATIBLE',
  'INVALID_CONFIG',
  'INVALID_MODEL',
  'PERMISSION_DENIED',
]);

/**
 * One role's weight versions as the learner publishes them.
 *
 * The subscription outlives the learner: it is opened again until `close`. A learner with a lower epoch than one
 * seen before is a zombie and is not believed (design: one learner).
 */
export class WeightFeed {
  readonly #options: WeightFeedOptions;
  readonly #client: WeightServiceClient;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  #newest = -1;
  #epoch = 0;
  #arrival = Promise.withResolvers<void>();

  constructor(options: WeightFeedOptions) {
    this.#options = options;
    this.#client = connect(contracts.WeightService, options.address, options.security);
    this.#failed.promise.catch(() => {});
    this.#loop = this.#run();
  }

  /** The newest version that `onVersion` has taken; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Rejects when the subscription can never succeed. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Waits until `version` or a newer one is there, at most `timeoutMs`; tells whether it is. */
  async arrived(version: number, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (this.#newest < version) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) return false;
      const abort = new AbortController();
      const timeout = sleep(leftMs, undefined, { signal: abort.signal }).catch(() => {});
      await Promise.race([this.#arrival.promise, timeout]);
      abort.abort();
    }
    return true;
  }

  /**
   * Fetches one exact version, resuming a broken transfer.
   *
   * `traceparent`: of the span that waits for it.
   *
   * @throws MgrpoError NOT_FOUND when the learner doesn't keep it any more.
   */
  async fetch(
    version: number,
    deadlineMs: number,
    traceparent: string | null = null,
  ): Promise<WeightVersion> {
    const assembler = new WeightAssembler(this.#options.expectedBytes);
    const deadline = Date.now() + deadlineMs;
    const startedAtMs = performance.now();
    for (;;) {
      const request = { role: wireRole[this.#options.role], version, offset: assembler.received };
      try {
        const chunks = serverStream(
          `weights of ${this.#options.address}`,
          (...call) => this.#client.fetch(request, ...call),
          { signal: this.#abort.signal, deadlineMs: deadline - Date.now(), traceparent },
        );
        for await (const chunk of chunks) {
          const weights = assembler.add(chunk);
          if (weights === undefined) continue;
          this.#measure(weights, startedAtMs);
          return weights;
        }
      } catch (error) {
        const isTransient = error instanceof MgrpoError && error.code === 'UNAVAILABLE';
        if (!isTransient || Date.now() > deadline) throw error;
        await sleep(this.#options.reconnectDelayMs, undefined, { signal: this.#abort.signal });
      }
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
    this.#client.close();
  }

  async #run(): Promise<void> {
    const { log, reconnectDelayMs } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#subscribe();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof MgrpoError && fatalCodes.has(error.code)) {
          this.#failed.reject(error);
          return;
        }
        log.debug({ error: messageOf(error) }, 'weight subscription broke');
      }
      await sleep(reconnectDelayMs, undefined, { signal }).catch(() => {});
    }
  }

  async #subscribe(): Promise<void> {
    const { role, subscriber, fingerprint, configHash, address, expectedBytes } = this.#options;
    const request = { role: wireRole[role], subscriber, fingerprint, configHash };
    const chunks = serverStream(
      `weights of ${address}`,
      (...call) => this.#client.subscribe(request, ...call),
      { signal: this.#abort.signal },
    );
    let assembler = new WeightAssembler(expectedBytes);
    let startedAtMs = 0;
    for await (const chunk of chunks) {
      if (assembler.received === 0) startedAtMs = performance.now();
      const weights = assembler.add(chunk);
      if (weights === undefined) continue;
      this.#measure(weights, startedAtMs);
      assembler = new WeightAssembler(expectedBytes);
      await this.#accept(weights);
    }
  }

  #measure({ bytes }: WeightVersion, startedAtMs: number): void {
    this.#options.onTransfer?.(bytes.length, (performance.now() - startedAtMs) / 1000);
  }

  async #accept(weights: WeightVersion): Promise<void> {
    if (weights.learnerEpoch < this.#epoch) {
      throw new MgrpoError(
        'STALE_EPOCH',
        `a learner of epoch ${weights.learnerEpoch} sent weights, but one of epoch ${this.#epoch} was seen`,
      );
    }
    this.#epoch = weights.learnerEpoch;
    await this.#options.onVersion(weights);
    // A learner that restarted sends versions we have had: they have the same bits, and the newest stays.
    this.#newest = Math.max(this.#newest, weights.version);
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers<void>();
    resolve();
  }
}
