import { MgrpoError } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import {
  type MessageSink,
  sendWeights,
  type WeightChunk,
  type WeightTransfer,
  type WeightVersion,
  wholeTransfer,
} from '@mgrpo/rpc';
import { quietTracer, type Tracer } from '@mgrpo/telemetry';

type Role = 'policy' | 'momentum';

/** What one subscriber asks for. */
export interface WeightRequest {
  role: Role;
  version: number;
  /** Bytes that it has already. */
  offset: number;
  /** Of the span that waits for it; without one, the transfer is part of what published the version. */
  traceparent?: string | null;
}

export interface WeightPublisherHooks {
  /** Told of each version that a subscriber has taken, or the rest of it, and the seconds it took. */
  onTransfer?(role: Role, bytes: number, seconds: number): void;
  /** Told of how many subscriptions are open. */
  onSubscribers?(role: Role, count: number): void;
  /** Takes a span for each transfer. */
  tracer?: Tracer;
}

/** The newest version that a subscriber has, and the epoch of the learner it came from. */
export interface Held {
  version: number;
  learnerEpoch: number;
}

/** Of a subscriber that has none. */
export const heldNothing: Held = { version: -1, learnerEpoch: 0 };

/**
 * The last weight versions of both roles, and everyone who waits for the next.
 *
 * The learner publishes whole versions. A relay offers them while they arrive, and subscribers get each byte as soon as
 * it is there. All read from the same bytes, so a slow one
 * holds up nobody; one that is still at a version when that is no longer kept is told to ask again.
 */
export class WeightPublisher {
  readonly #keep: number;
  readonly #hooks: WeightPublisherHooks;
  readonly #tracer: Tracer;
  readonly #kept: Record<Role, readonly WeightTransfer[]> = { policy: [], momentum: [] };
  readonly #subscribers: Record<Role, number> = { policy: 0, momentum: 0 };
  readonly #sendings = new Set<{ role: Role; version: number; evict(error: MgrpoError): void }>();
  #changed = Promise.withResolvers<void>();
  #isClosed = false;

  /** `keep`: versions kept of each role. */
  constructor(keep: number, hooks: WeightPublisherHooks = {}) {
    this.#keep = keep;
    this.#hooks = hooks;
    this.#tracer = hooks.tracer ?? quietTracer();
  }

  /** Adds a version of each role, the newest so far, and wakes the subscribers. */
  publish(versions: Record<Role, WeightVersion>, traceparent: string | null = null): void {
    this.offer(wholeTransfer(versions.policy, traceparent));
    this.offer(wholeTransfer(versions.momentum, traceparent));
  }

  /** Adds a version that arrives; to be called again whenever more of it has, and when it is whole or broken. */
  offer(transfer: WeightTransfer): void {
    const { role, version } = transfer.weights;
    const others = this.#kept[role].filter(({ weights }) => weights.version !== version);
    const known = this.#kept[role].filter((each) => !others.includes(each));
    // A learner that restarted sends what is there: until it is whole again, what is whole is served.
    const candidates = [transfer, ...known];
    const best =
      candidates.find(({ state }) => state === 'whole') ??
      candidates.find(({ state }) => state === 'arriving');
    this.#kept[role] = [...others, ...(best === undefined ? [] : [best])]
      .sort((a, b) => a.weights.version - b.weights.version)
      .slice(-this.#keep);
    this.#evict(role);
    this.#wake();
  }

  /** The newest whole version. */
  newest(role: Role): WeightVersion | undefined {
    return this.#whole(role).at(-1);
  }

  /** The whole versions that are kept, oldest first. */
  versions(role: Role): number[] {
    return this.#whole(role).map(({ version }) => version);
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Sends the versions kept that the subscriber does not have, then each new one, until it goes. */
  async subscribe(role: Role, sink: MessageSink<WeightChunk>, held = heldNothing): Promise<void> {
    this.#count(role, 1);
    try {
      let sent = held;
      while (!this.#isClosed && !sink.signal.aborted) {
        const next = this.#kept[role].find(({ weights }) => isAfter(weights, sent));
        if (next === undefined) {
          await this.#change(sink.signal);
        } else {
          await this.#send(sink, next);
          sent = next.weights;
        }
      }
    } finally {
      this.#count(role, -1);
    }
  }

  /** @throws MgrpoError NOT_FOUND naming the versions that are kept. */
  async fetch(request: WeightRequest, sink: MessageSink<WeightChunk>): Promise<void> {
    const { role, version, offset, traceparent } = request;
    const kept = this.#kept[role];
    const found = kept.find(({ weights }) => weights.version === version);
    if (found === undefined) {
      const versions = kept.map(({ weights }) => weights.version).join(', ');
      throw new MgrpoError(
        'NOT_FOUND',
        `${role} weights of version ${version} are not kept; kept are ${versions || 'none yet'}`,
      );
    }
    await this.#send(sink, found, { offset, parent: traceparent ?? found.traceparent });
  }

  #whole(role: Role): WeightVersion[] {
    return this.#kept[role].flatMap(({ state, weights }) => (state === 'whole' ? [weights] : []));
  }

  async #send(
    sink: MessageSink<WeightChunk>,
    transfer: WeightTransfer,
    { offset, parent } = { offset: 0, parent: transfer.traceparent },
  ): Promise<void> {
    const startedAtMs = performance.now();
    const { role, version } = transfer.weights;
    const bytes = transfer.weights.bytes.length - offset;
    const progress = async () => {
      if (sink.signal.aborted) throw new MgrpoError('CANCELLED', 'the subscriber has gone');
      if (transfer.state === 'broken' || this.#isClosed) {
        throw new MgrpoError(
          'UNAVAILABLE',
          `${role} weights of version ${version} stop at byte ${transfer.received}; ask again, or another source`,
        );
      }
      await this.#change(sink.signal);
    };
    // A subscriber that is slower than the versions come must not keep the old ones in memory.
    const evicted = Promise.withResolvers<never>();
    evicted.promise.catch(() => {});
    const sending = { role, version, evict: evicted.reject };
    this.#sendings.add(sending);
    const send = async (chunk: WeightChunk) => {
      const sent = sink.send(chunk);
      // When evicted first, nobody waits for it any more.
      sent.catch(() => {});
      await Promise.race([evicted.promise, sent]);
      faultPoint('mid-stream');
    };
    try {
      const attributes = { role, version, bytes };
      await this.#tracer.span('send weights', { parent, attributes }, ({ traceparent }) =>
        sendWeights({ send, signal: sink.signal }, transfer, { offset, progress, traceparent }),
      );
    } finally {
      this.#sendings.delete(sending);
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    this.#hooks.onTransfer?.(role, bytes, seconds);
  }

  /** Ends the sending of versions that are not kept any more. */
  #evict(role: Role): void {
    const kept = new Set(this.#kept[role].map(({ weights }) => weights.version));
    for (const sending of this.#sendings) {
      if (sending.role !== role || kept.has(sending.version)) continue;
      sending.evict(
        new MgrpoError(
          'UNAVAILABLE',
          `${role} weights of version ${sending.version} are not kept any more: the subscriber is slower than they come`,
        ),
      );
    }
  }

  #count(role: Role, change: 1 | -1): void {
    this.#subscribers[role] += change;
    this.#hooks.onSubscribers?.(role, this.#subscribers[role]);
  }

  /** Waits until something is offered or the subscriber goes. */
  async #change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const leave = () => resolve();
    signal.addEventListener('abort', leave, { once: true });
    await Promise.race([this.#changed.promise, gone]);
    signal.removeEventListener('abort', leave);
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

/** Whether a version is news to who holds `held`; one of a learner that was displaced is not. */
function isAfter({ version, learnerEpoch }: Held, held: Held): boolean {
  if (learnerEpoch !== held.learnerEpoch) return learnerEpoch > held.learnerEpoch;
  return version > held.version;
}
