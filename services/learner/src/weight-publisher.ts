import { MgrpoError } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import type { MessageSink, WeightChunk, WeightVersion } from '@mgrpo/rpc';
import { sendWeights } from '@mgrpo/rpc';

type Role = 'policy' | 'momentum';

/** Told of each version that a subscriber has taken, or the rest of it, and the seconds it took. */
type OnTransfer = (role: Role, bytes: number, seconds: number) => void;

/** The last weight versions of both roles, and everyone who waits for the next. */
export class WeightPublisher {
  readonly #keep: number;
  readonly #onTransfer: OnTransfer;
  readonly #versions: Record<Role, WeightVersion[]> = { policy: [], momentum: [] };
  #published = Promise.withResolvers<void>();
  #isClosed = false;

  /** `keep`: versions kept of each role, lag + 1: exactly those that a job may still ask for. */
  constructor(keep: number, onTransfer: OnTransfer = () => {}) {
    this.#keep = keep;
    this.#onTransfer = onTransfer;
  }

  /** Adds a version of each role, the newest so far, and wakes the subscribers. */
  publish(versions: Record<Role, WeightVersion>): void {
    for (const role of ['policy', 'momentum'] as const) {
      this.#versions[role] = [...this.#versions[role], versions[role]].slice(-this.#keep);
    }
    this.#wake();
  }

  newest(role: Role): WeightVersion | undefined {
    return this.#versions[role].at(-1);
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Sends the versions kept, then each new one, until the subscriber goes. */
  async subscribe(role: Role, sink: MessageSink<WeightChunk>): Promise<void> {
    let sent = -1;
    const gone = Promise.withResolvers<void>();
    sink.signal.addEventListener('abort', () => gone.resolve(), { once: true });
    while (!this.#isClosed && !sink.signal.aborted) {
      const next = this.#versions[role].find(({ version }) => version > sent);
      if (next === undefined) {
        await Promise.race([this.#published.promise, gone.promise]);
      } else {
        await this.#send(sink, next, 0);
        sent = next.version;
      }
    }
  }

  /** @throws MgrpoError NOT_FOUND naming the versions that are kept. */
  async fetch(
    role: Role,
    version: number,
    offset: number,
    sink: MessageSink<WeightChunk>,
  ): Promise<void> {
    const weights = this.#versions[role].find((kept) => kept.version === version);
    if (weights === undefined) {
      const kept = this.#versions[role].map((each) => each.version).join(', ');
      throw new MgrpoError(
        'NOT_FOUND',
        `${role} weights of version ${version} are not kept; kept are ${kept || 'none yet'}`,
      );
    }
    await this.#send(sink, weights, offset);
  }

  async #send(
    sink: MessageSink<WeightChunk>,
    weights: WeightVersion,
    offset: number,
  ): Promise<void> {
    const startedAtMs = performance.now();
    const send = async (chunk: WeightChunk) => {
      await sink.send(chunk);
      faultPoint('mid-stream');
    };
    await sendWeights({ send, signal: sink.signal }, weights, offset);
    const seconds = (performance.now() - startedAtMs) / 1000;
    this.#onTransfer(weights.role, weights.bytes.length - offset, seconds);
  }

  #wake(): void {
    const { resolve } = this.#published;
    this.#published = Promise.withResolvers<void>();
    resolve();
  }
}
