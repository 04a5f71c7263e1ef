import { MgrpoError } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type PeerSecurity,
  serverStream,
  type WeightAssembler,
  type WeightChunk__Output,
  type WeightServiceClient,
  wireRole,
} from '@mgrpo/rpc';
import type { Held } from './weight-publisher.ts';

type Role = 'policy' | 'momentum';

/** Who asks for weights. */
export interface Subscriber {
  role: Role;
  /** For logs. */
  name: string;
  fingerprint: string;
  configHash: string;
  /** Passes weights on and computes nothing. */
  isRelay: boolean;
}

/** When a stream is given up, though it is open: a source may hang without being away. */
export interface Patience {
  signal: AbortSignal;
  /** Asked several times within `staleMs`; true ends the stream with DEADLINE. */
  isOverdue(): boolean;
  staleMs: number;
  /** At most so long for the whole stream. */
  deadlineMs?: number;
  /** Of the span that waits for it. */
  traceparent?: string | null;
}

type StreamLimits = NonNullable<Parameters<typeof serverStream>[2]>;

/** One address that serves weights: the learner, or a relay. */
export class WeightSource {
  readonly address: string;
  readonly #client: WeightServiceClient;
  readonly #subscriber: Subscriber;

  constructor(address: string, security: PeerSecurity, subscriber: Subscriber) {
    this.address = address;
    this.#subscriber = subscriber;
    this.#client = connect(contracts.WeightService, address, security);
  }

  /** Every version of the role that is news to who holds `held`, as it comes. */
  subscribe(held: Held, patience: Patience): AsyncGenerator<WeightChunk__Output> {
    const { role, name, fingerprint, configHash, isRelay } = this.#subscriber;
    const request = {
      role: wireRole[role],
      subscriber: name,
      fingerprint,
      configHash,
      isRelay,
      ...(held.version < 0 ? {} : { afterVersion: held.version, afterEpoch: held.learnerEpoch }),
    };
    return this.#watched(patience, (limits) =>
      serverStream<WeightChunk__Output>(
        this.#name,
        (...call) => this.#client.subscribe(request, ...call),
        limits,
      ),
    );
  }

  /** One version from the byte on that the assembler has got to. */
  fetch(
    version: number,
    assembler: WeightAssembler,
    patience: Patience,
  ): AsyncGenerator<WeightChunk__Output> {
    const request = {
      role: wireRole[this.#subscriber.role],
      version,
      offset: assembler.received,
    };
    return this.#watched(patience, (limits) =>
      serverStream<WeightChunk__Output>(
        this.#name,
        (...call) => this.#client.fetch(request, ...call),
        limits,
      ),
    );
  }

  /** The hash under which the source has a whole version; asks for its last byte. */
  async hashOf(
    version: number,
    {
      totalBytes,
      signal,
      deadlineMs,
    }: { totalBytes: number; signal: AbortSignal; deadlineMs: number },
  ): Promise<string> {
    const request = { role: wireRole[this.#subscriber.role], version, offset: totalBytes - 1 };
    const chunks = serverStream<WeightChunk__Output>(
      this.#name,
      (...call) => this.#client.fetch(request, ...call),
      { signal, deadlineMs },
    );
    for await (const { sha256 } of chunks) return sha256;
    throw new MgrpoError('UNAVAILABLE', `${this.#name} sent nothing of version ${version}`);
  }

  close(): void {
    this.#client.close();
  }

  get #name(): string {
    return `weights of ${this.address}`;
  }

  async *#watched(
    { signal, isOverdue, staleMs, deadlineMs, traceparent = null }: Patience,
    open: (limits: StreamLimits) => AsyncGenerator<WeightChunk__Output>,
  ): AsyncGenerator<WeightChunk__Output> {
    const overdue = new AbortController();
    const timer = setInterval(() => isOverdue() && overdue.abort(), Math.max(10, staleMs / 8));
    try {
      const either = AbortSignal.any([signal, overdue.signal]);
      yield* open({
        signal: either,
        traceparent,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
      });
    } catch (error) {
      if (!overdue.signal.aborted) throw error;
      throw new MgrpoError('DEADLINE', `${this.#name} did not come within ${staleMs} ms`, {
        cause: error,
      });
    } finally {
      clearInterval(timer);
    }
  }
}
