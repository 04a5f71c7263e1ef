import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, MgrpoError, messageOf } from '@mgrpo/errors';
import {
  type PeerSecurity,
  WeightAssembler,
  type WeightChunk__Output,
  type WeightTransfer,
  type WeightVersion,
} from '@mgrpo/rpc';
import type { Logger } from '@mgrpo/telemetry';
import { type Held, heldNothing } from './weight-publisher.ts';
import { type Patience, type Subscriber, WeightSource } from './weight-source.ts';

/** Why a feed takes its weights from another source than before. */
export type SwitchReason = 'away' | 'stale' | 'corrupt' | 'refused' | 'returned';

export interface WeightFeedOptions {
  /** host:port of each source, best first: relays, and at the end the learner, which has the last word. */
  addresses: readonly string[];
  security: PeerSecurity;
  subscriber: Subscriber;
  runId: string;
  /** Bytes of the model's parameters as float32. */
  expectedBytes: number;
  /** Pause before a broken subscription is opened again. */
  reconnectDelayMs: number;
  /** A source that is away, or silent about what should come, for so long gives way to the next. */
  staleMs: number;
  /** Pause before the first source is asked whether it is up to date again. */
  returnMs: number;
  log: Logger;
  /** Takes each version as it arrives, in order; the next one waits until it is done. */
  onVersion(weights: WeightVersion): Promise<void>;
  /** Told of each version received: its bytes, and the seconds from its first chunk to its last. */
  onTransfer?(bytes: number, seconds: number): void;
  /** Told of a subscribed version whenever more of it has arrived, and when it is whole or given up. */
  onProgress?(transfer: WeightTransfer): void;
  onSwitch?(reason: SwitchReason): void;
}

// The run's configuration, model or machine is not ours: trying again can't help.
const fatalCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'INCOMPATIBLE',
  'INVALID_CONFIG',
  'INVALID_MODEL',
  'PERMISSION_DENIED',
]);

// What the source sent is wrong, so what it would send next is not waited for.
const corruptCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'CORRUPT',
  'INVALID_MESSAGE',
  'STALE_EPOCH',
]);

// A first source that disappoints again and again is tried at most so many times more seldom.
const maxReturnFactor = 16;

/**
 * One role's weight versions as the learner publishes them.
 *
 * The subscription outlives its sources: it is opened again until `close`, at the next source where one is away, stale or
 * wrong, and at the first again once that has what we have. A transfer that broke goes on elsewhere at the byte where it
 * was. A learner with a lower epoch than one seen before is a zombie and is not believed (design: one learner).
 */
export class WeightFeed {
  readonly #options: WeightFeedOptions;
  readonly #sources: readonly WeightSource[];
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  #assembler: WeightAssembler;
  #startedAtMs = 0;
  /** Of the subscription: where in the sources, when opened, when last heard, since when it breaks. */
  #at = 0;
  #openedAtMs = 0;
  #heardAtMs = 0;
  #brokenSinceMs: number | undefined;
  #isTaking = false;
  /** The first source has the newest version again. */
  #canReturn = false;
  #returnFactor = 1;
  #held: Held = heldNothing;
  #newest: Pick<WeightVersion, 'version' | 'sha256'> = { version: -1, sha256: '' };
  #wanted = { version: -1, sinceMs: 0 };
  #arrival = Promise.withResolvers<void>();

  constructor(options: WeightFeedOptions) {
    this.#options = options;
    this.#sources = options.addresses.map(
      (address) => new WeightSource(address, options.security, options.subscriber),
    );
    this.#assembler = new WeightAssembler(options.expectedBytes);
    this.#failed.promise.catch(() => {});
    this.#loop = this.#run();
  }

  /** The newest version that `onVersion` has taken; -1 before the first. */
  get newest(): number {
    return this.#newest.version;
  }

  /** Where the weights come from now. */
  get address(): string {
    return this.#source.address;
  }

  /** Rejects when the subscription can never succeed. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Says that `version` is published: a source that does not bring it in time is stale. */
  want(version: number): void {
    if (version > Math.max(this.newest, this.#wanted.version)) {
      this.#wanted = { version, sinceMs: performance.now() };
    }
  }

  /** Waits until `version`, which is published, or a newer one is there, at most `timeoutMs`; tells whether it is. */
  async arrived(version: number, timeoutMs: number): Promise<boolean> {
    this.want(version);
    // Not the time of day, which may be set back meanwhile.
    const deadline = performance.now() + timeoutMs;
    while (this.newest < version) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      const abort = new AbortController();
      const timeout = sleep(leftMs, undefined, { signal: abort.signal }).catch(() => {});
      await Promise.race([this.#arrival.promise, timeout]);
      abort.abort();
    }
    return true;
  }

  /**
   * Fetches one exact version, resuming a broken transfer, from the source in use or else the others.
   *
   * `traceparent`: of the span that waits for it.
   *
   * @throws MgrpoError NOT_FOUND when the learner doesn't keep it any more.
   */
  async fetch(
    version: number,
    limitMs: number,
    traceparent: string | null = null,
  ): Promise<WeightVersion> {
    const { expectedBytes, reconnectDelayMs, staleMs } = this.#options;
    const { signal } = this.#abort;
    let assembler = new WeightAssembler(expectedBytes);
    const deadline = performance.now() + limitMs;
    const startedAtMs = performance.now();
    for (let at = this.#at; ; at++) {
      const source = this.#sources[at % this.#sources.length]!;
      const isLast = source === this.#sources.at(-1);
      let heardAtMs = performance.now();
      const isOverdue = () => !isLast && performance.now() - heardAtMs > staleMs;
      const deadlineMs = deadline - performance.now();
      const patience = { signal, isOverdue, staleMs, deadlineMs, traceparent };
      try {
        for await (const chunk of source.fetch(version, assembler, patience)) {
          heardAtMs = performance.now();
          this.#requireRun(chunk);
          const weights = assembler.add(chunk);
          if (weights === undefined) continue;
          this.#measure(weights, startedAtMs);
          return weights;
        }
      } catch (error) {
        const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
        const isFinal = isLast && code !== 'UNAVAILABLE';
        if (isFinal || signal.aborted || performance.now() > deadline) throw error;
        if (corruptCodes.has(code)) assembler = new WeightAssembler(expectedBytes);
      }
      await sleep(reconnectDelayMs, undefined, { signal });
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
    for (const source of this.#sources) source.close();
  }

  get #source(): WeightSource {
    return this.#sources[this.#at]!;
  }

  get #isLast(): boolean {
    return this.#at === this.#sources.length - 1;
  }

  get #isArriving(): boolean {
    return this.#assembler.transfer !== undefined;
  }

  async #run(): Promise<void> {
    const { log, reconnectDelayMs } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const ended = new AbortController();
      if (this.#at > 0) void this.#awaitReturn(AbortSignal.any([signal, ended.signal]));
      let error: unknown;
      try {
        await this.#follow();
      } catch (caught) {
        error = caught;
      }
      ended.abort();
      if (signal.aborted) return;
      log.debug({ error: messageOf(error), address: this.address }, 'weight subscription broke');
      if (this.#decide(error) === 'give up') return;
      await sleep(reconnectDelayMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Subscribes to the source in use, after the transfer that another one left unfinished; ends when it breaks. */
  async #follow(): Promise<void> {
    const patience: Patience = {
      signal: this.#abort.signal,
      staleMs: this.#options.staleMs,
      isOverdue: () => this.#isOverdue(),
    };
    this.#openedAtMs = performance.now();
    const unfinished = this.#assembler.transfer?.weights;
    if (unfinished !== undefined) {
      try {
        const rest = this.#source.fetch(unfinished.version, this.#assembler, patience);
        for await (const chunk of rest) await this.#take(chunk);
      } catch (error) {
        if (!(error instanceof MgrpoError) || error.code !== 'NOT_FOUND') throw error;
        this.#dropTransfer();
      }
    }
    for await (const chunk of this.#source.subscribe(this.#held, patience)) await this.#take(chunk);
  }

  #isOverdue(): boolean {
    if (this.#isTaking) return false;
    if (this.#canReturn) return !this.#isArriving;
    if (this.#isLast) return false;
    const now = performance.now();
    const { staleMs } = this.#options;
    const isMissed = this.#wanted.version > this.newest && now - this.#wanted.sinceMs > staleMs;
    const isSilent = now - Math.max(this.#heardAtMs, this.#openedAtMs) > staleMs;
    return isSilent && (this.#isArriving || isMissed);
  }

  /** Chooses the source to go on with. */
  #decide(error: unknown): 'go on' | 'give up' {
    const now = performance.now();
    const { staleMs } = this.#options;
    const code = error instanceof MgrpoError ? error.code : 'UNAVAILABLE';
    if (this.#canReturn) this.#switch(0, 'returned');
    else if (fatalCodes.has(code)) {
      this.#dropTransfer();
      if (this.#isLast) {
        this.#failed.reject(error);
        return 'give up';
      }
      this.#switch(this.#at + 1, 'refused');
    } else if (corruptCodes.has(code)) {
      this.#dropTransfer();
      this.#switch(this.#at + 1, 'corrupt');
    } else if (code === 'DEADLINE') this.#switch(this.#at + 1, 'stale');
    else {
      const wasHealthy = now - this.#openedAtMs > staleMs;
      if (wasHealthy || this.#brokenSinceMs === undefined) this.#brokenSinceMs = now;
      if (now - this.#brokenSinceMs > staleMs) this.#switch(this.#at + 1, 'away');
    }
    return 'go on';
  }

  #switch(to: number, reason: SwitchReason): void {
    const { log, onSwitch } = this.#options;
    this.#canReturn = false;
    this.#brokenSinceMs = undefined;
    if (this.#sources.length === 1) return;
    if (reason === 'returned') {
      this.#returnFactor = Math.min(2 * this.#returnFactor, maxReturnFactor);
    }
    const from = this.address;
    this.#at = to % this.#sources.length;
    log.info({ from, to: this.address, reason }, 'weights come from another source');
    onSwitch?.(reason);
  }

  /** Asks the first source from time to time whether it has the newest version, until `signal` fires. */
  async #awaitReturn(signal: AbortSignal): Promise<void> {
    const { returnMs, staleMs, expectedBytes } = this.#options;
    const limits = { totalBytes: expectedBytes, signal, deadlineMs: staleMs };
    while (!this.#canReturn && !signal.aborted) {
      await sleep(returnMs * this.#returnFactor, undefined, { signal }).catch(() => {});
      const { version, sha256 } = this.#newest;
      if (signal.aborted || version < 0) continue;
      // One that is away or behind answers with an error: then it is not its time yet.
      const theirs = await this.#sources[0]!.hashOf(version, limits).catch(() => undefined);
      this.#canReturn = theirs === sha256 && !signal.aborted;
    }
  }

  async #take(chunk: WeightChunk__Output): Promise<void> {
    this.#heardAtMs = performance.now();
    if (!this.#isArriving) {
      this.#startedAtMs = performance.now();
      this.#requireRun(chunk);
      this.#requireEpoch(chunk);
    }
    const assembler = this.#assembler;
    const weights = assembler.add(chunk);
    if (assembler.transfer !== undefined) this.#options.onProgress?.(assembler.transfer);
    if (weights === undefined) return;
    this.#measure(weights, this.#startedAtMs);
    this.#assembler = new WeightAssembler(this.#options.expectedBytes);
    if (this.#at === 0) this.#returnFactor = 1;
    this.#isTaking = true;
    try {
      await this.#accept(weights);
    } finally {
      this.#isTaking = false;
      this.#heardAtMs = performance.now();
    }
  }

  /** Gives up what has arrived of the version under way. */
  #dropTransfer(): void {
    const { transfer } = this.#assembler;
    this.#assembler.abandon();
    this.#assembler = new WeightAssembler(this.#options.expectedBytes);
    if (transfer !== undefined) this.#options.onProgress?.(transfer);
  }

  #measure({ bytes }: WeightVersion, startedAtMs: number): void {
    this.#options.onTransfer?.(bytes.length, (performance.now() - startedAtMs) / 1000);
  }

  #requireRun({ runId }: WeightChunk__Output): void {
    if (runId === this.#options.runId) return;
    throw new MgrpoError(
      'INCOMPATIBLE',
      `${this.address} serves the weights of run ${runId}, not of ${this.#options.runId}; give it the address of this run's learner or relays`,
    );
  }

  #requireEpoch({ learnerEpoch }: WeightChunk__Output): void {
    if (learnerEpoch >= this.#held.learnerEpoch) return;
    throw new MgrpoError(
      'STALE_EPOCH',
      `a learner of epoch ${learnerEpoch} sent weights, but one of epoch ${this.#held.learnerEpoch} was seen`,
    );
  }

  async #accept(weights: WeightVersion): Promise<void> {
    await this.#options.onVersion(weights);
    const { version, sha256, learnerEpoch } = weights;
    this.#held = { version, learnerEpoch };
    // A learner that restarted sends versions we have had: they have the same bits, and the newest stays.
    if (version >= this.newest) this.#newest = { version, sha256 };
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers<void>();
    resolve();
  }
}
