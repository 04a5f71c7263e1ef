import { MgrpoError } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import type { MessageSink, WeightChunk, WeightVersion } from '@mgrpo/rpc';
import { sendWeights } from '@mgrpo/rpc';
import { quietTracer, type Tracer } from '@mgrpo/telemetry';

type Role = 'policy' | 'momentum';

/** Told of each version that a subscriber has taken, or the rest of it, and the seconds it took. */
type OnTransfer = (role: Role, bytes: number, seconds: number) => void;

interface Kept {
  weights: WeightVersion;
  /** Of the span that published it. */
  traceparent: string | null;
}

/** What one subscriber asks for. */
export interface WeightRequest {
  role: Role;
  version: number;
  /** Bytes that it has already. */
  offset: number;
  /** Of the span that waits for it; without one, the transfer is part of what published the version. */
  traceparent?: string | null;
}

/** The last weight versions of both roles, and everyone who waits for the next. */
export class WeightPublisher {
  readonly #keep: number;
  readonly #onTransfer: OnTransfer;
  readonly #tracer: Tracer;
  readonly #versions: Record<Role, Kept[]> = { policy: [], momentum: [] };
  #published = Promise.withResolvers<void>();
  #isClosed = false;

  /** `keep`: versions kept of each role, lag + 1: exactly those that a job may still ask for. */
  constructor(keep: number, onTransfer: OnTransfer = () => {}, tracer = quietTracer()) {
    this.#keep = keep;
    this.#tracer = tracer;
    this.#onTransfer = onTransfer;
  }

  /** Adds a version of each role, the newest so far, and wakes the subscribers. */
  publish(versions: Record<Role, WeightVersion>, traceparent: string | null = null): void {
    for (const role of ['policy', 'momentum'] as const) {
      const kept = { weights: versions[role], traceparent };
      this.#versions[role] = [...this.#versions[role], kept].slice(-this.#keep);
    }
    this.#wake();
  }

  newest(role: Role): WeightVersion | undefined {
    return this.#versions[role].at(-1)?.weights;
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
      const next = this.#versions[role].find(({ weights }) => weights.version > sent);
      if (next === undefined) {
        await Promise.race([this.#published.promise, gone.promise]);
      } else {
        await this.#send(sink, next, 0);
        sent = next.weights.version;
      }
    }
  }

  /** @throws MgrpoError NOT_FOUND naming the versions that are kept. */
  async fetch(request: WeightRequest, sink: MessageSink<WeightChunk>): Promise<void> {
    const { role, version, offset, traceparent } = request;
    const found = this.#versions[role].find(({ weights }) => weights.version === version);
    if (found === undefined) {
      const kept = this.#versions[role].map(({ weights }) => weights.version).join(', ');
      throw new MgrpoError(
        'NOT_FOUND',
        `${role} weights of version ${version} are not kept; kept are ${kept || 'none yet'}`,
      );
    }
    const parent = traceparent ?? found.traceparent;
    await this.#send(sink, { ...found, traceparent: parent }, offset);
  }

  async #send(
    sink: MessageSink<WeightChunk>,
    { weights, traceparent: parent }: Kept,
    offset: number,
  ): Promise<void> {
    const { role, version } = weights;
    const bytes = weights.bytes.length - offset;
    const startedAtMs = performance.now();
    const send = async (chunk: WeightChunk) => {
      await sink.send(chunk);
      faultPoint('mid-stream');
    };
    await this.#tracer.span('send weights', { parent, attributes: { role, version, bytes } }, () =>
      sendWeights({ send, signal: sink.signal }, weights, offset),
    );
    const seconds = (performance.now() - startedAtMs) / 1000;
    this.#onTransfer(role, bytes, seconds);
  }

  #wake(): void {
    const { resolve } = this.#published;
    this.#published = Promise.withResolvers<void>();
    resolve();
  }
}
