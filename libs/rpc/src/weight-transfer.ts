import { createHash } from 'node:crypto';
import { MgrpoError } from '@mgrpo/errors';
import type { Role } from './gen/mgrpo/v1/Role.ts';
import type { WeightChunk, WeightChunk__Output } from './gen/mgrpo/v1/WeightChunk.ts';
import type { MessageSink } from './server.ts';

/** Bytes of weights in one message. gRPC's default receive limit is 4 MiB for message and framing together. */
export const chunkBytes = 1024 * 1024;

/** One role's parameters at one version: a flat float32 array in canonical parameter order. */
export interface WeightVersion {
  role: 'policy' | 'momentum';
  version: number;
  learnerEpoch: number;
  runId: string;
  sha256: string;
  bytes: Buffer;
}

/** What a role is called in messages. */
export const wireRole = { policy: 'ROLE_POLICY', momentum: 'ROLE_MOMENTUM' } as const;

/** The role an RPC message or payload names. */
export function roleFromWire(role: string): 'policy' | 'momentum' {
  if (role === 'ROLE_POLICY') return 'policy';
  if (role === 'ROLE_MOMENTUM') return 'momentum';
  throw new MgrpoError(
    'INVALID_MESSAGE',
    `role is ${role}; it must be ROLE_POLICY or ROLE_MOMENTUM`,
  );
}

/**
 * A version on its way: the first `received` bytes of `weights.bytes` are there. It is `whole` when all of them are and
 * fit the hash, `broken` when the rest will not come.
 */
export interface WeightTransfer {
  readonly weights: WeightVersion;
  readonly received: number;
  readonly state: 'arriving' | 'whole' | 'broken';
  /** W3C traceparent of the span that sends or published it; null where nothing is traced. */
  readonly traceparent: string | null;
}

/** A version that is all there, as the learner made it; `traceparent`: of the span that publishes it. */
export function wholeTransfer(
  weights: WeightVersion,
  traceparent: string | null = null,
): WeightTransfer {
  return { weights, received: weights.bytes.length, state: 'whole', traceparent };
}

/**
 * Sends a version in chunks from `offset` on, as fast as the subscriber reads and the bytes arrive.
 *
 * `progress` resolves when more may have arrived; it throws when the subscriber need not wait any longer. `traceparent`: of
 * the span that sends.
 */
export async function sendWeights(
  sink: MessageSink<WeightChunk>,
  transfer: WeightTransfer,
  {
    offset = 0,
    progress,
    traceparent = null,
  }: { offset?: number; progress: () => Promise<void>; traceparent?: string | null },
): Promise<void> {
  const { weights } = transfer;
  const role: Role = wireRole[weights.role];
  for (let start = offset; start < weights.bytes.length; ) {
    if (start >= transfer.received) {
      await progress();
      continue;
    }
    const end = Math.min(start + chunkBytes, transfer.received);
    await sink.send({
      role,
      version: weights.version,
      learnerEpoch: weights.learnerEpoch,
      sha256: weights.sha256,
      totalBytes: weights.bytes.length,
      offset: start,
      data: weights.bytes.subarray(start, end),
      runId: weights.runId,
      traceparent: traceparent ?? '',
    });
    start = end;
  }
}

/**
 * Puts the chunks of one version together and checks them against its hash.
 *
 * A transfer that broke goes on: ask for the same version from `received` bytes on and feed the chunks to the
 * same assembler.
 */
export class WeightAssembler {
  readonly #expectedBytes: number;
  readonly #hash = createHash('sha256');
  #transfer:
    | (Pick<WeightTransfer, 'weights' | 'traceparent'> & {
        received: number;
        state: WeightTransfer['state'];
      })
    | undefined;

  /** `expectedBytes`: what the model's parameters take, so that a hostile header can't make us allocate more. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  /** What has arrived, undefined before the first chunk; it follows the chunks to come. */
  get transfer(): WeightTransfer | undefined {
    return this.#transfer;
  }

  get received(): number {
    return this.#transfer?.received ?? 0;
  }

  /**
   * Takes the next chunk; returns the version when it was the last one.
   *
   * @throws MgrpoError INCOMPATIBLE for another model's weights, INVALID_MESSAGE for a chunk that is not the next,
   * CORRUPT when the whole does not fit its hash. The last chunk does not count as received before it does.
   */
  add(chunk: WeightChunk__Output): WeightVersion | undefined {
    const transfer = this.#accept(chunk);
    const { weights } = transfer;
    chunk.data.copy(weights.bytes, chunk.offset);
    this.#hash.update(chunk.data);
    const received = transfer.received + chunk.data.length;
    if (received < weights.bytes.length) {
      transfer.received = received;
      return undefined;
    }
    const sha256 = this.#hash.digest('hex');
    if (sha256 !== weights.sha256) {
      throw new MgrpoError(
        'CORRUPT',
        `${weights.role} weights of version ${weights.version} have sha256 ${sha256}, not ${weights.sha256}`,
      );
    }
    transfer.received = received;
    transfer.state = 'whole';
    return weights;
  }

  /** Gives the transfer up. */
  abandon(): void {
    if (this.#transfer?.state === 'arriving') this.#transfer.state = 'broken';
  }

  #accept(chunk: WeightChunk__Output) {
    const role = roleFromWire(chunk.role);
    if (this.#transfer === undefined) {
      if (chunk.totalBytes !== this.#expectedBytes) {
        throw new MgrpoError(
          'INCOMPATIBLE',
          `weights have ${chunk.totalBytes} bytes, this model's parameters take ${this.#expectedBytes}; use the run's model`,
        );
      }
      const { version, learnerEpoch, sha256, runId } = chunk;
      const traceparent = chunk.traceparent || null;
      const bytes = Buffer.alloc(chunk.totalBytes);
      const weights = { role, version, learnerEpoch, sha256, runId, bytes };
      this.#transfer = { weights, received: 0, state: 'arriving', traceparent };
    }
    const { weights, received } = this.#transfer;
    const isNext =
      chunk.offset === received &&
      chunk.offset + chunk.data.length <= weights.bytes.length &&
      chunk.version === weights.version &&
      chunk.sha256 === weights.sha256 &&
      role === weights.role;
    if (!isNext || chunk.data.length === 0) {
      throw new MgrpoError(
        'INVALID_MESSAGE',
        `weights: expected version ${weights.version} from byte ${received}, got version ${chunk.version} from byte ${chunk.offset}`,
      );
    }
    return this.#transfer;
  }
}
