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

/** Sends a version in chunks from `offset` on, as fast as the subscriber reads. */
export async function sendWeights(
  sink: MessageSink<WeightChunk>,
  weights: WeightVersion,
  offset = 0,
): Promise<void> {
  const role: Role = wireRole[weights.role];
  for (let start = offset; start < weights.bytes.length; start += chunkBytes) {
    await sink.send({
      role,
      version: weights.version,
      learnerEpoch: weights.learnerEpoch,
      sha256: weights.sha256,
      totalBytes: weights.bytes.length,
      offset: start,
      data: weights.bytes.subarray(start, start + chunkBytes),
      runId: weights.runId,
    });
  }
}

/**
 * Puts the chunks of one version together and checks them against its hash.
 *
 * A transfer that broke goes on: ask for the same version from `received` bytes on and feed the chunks to the
 * same assembler.
 */
export class WeightAssembler {
  #header: Omit<WeightVersion, 'bytes'> | undefined;
  #bytes = Buffer.alloc(0);
  #received = 0;
  readonly #expectedBytes: number;

  /** `expectedBytes`: what the model's parameters take, so that a hostile header can't make us allocate more. */
  constructor(expectedBytes: number) {
    this.#expectedBytes = expectedBytes;
  }

  get received(): number {
    return this.#received;
  }

  get version(): number | undefined {
    return this.#header?.version;
  }

  /** Takes the next chunk; returns the version when it was the last one. */
  add(chunk: WeightChunk__Output): WeightVersion | undefined {
    const header = this.#accept(chunk);
    chunk.data.copy(this.#bytes, chunk.offset);
    this.#received += chunk.data.length;
    if (this.#received < this.#bytes.length) return undefined;
    const sha256 = createHash('sha256').update(this.#bytes).digest('hex');
    if (sha256 !== header.sha256) {
      throw new MgrpoError(
        'CORRUPT',
        `${header.role} weights of version ${header.version} have sha256 ${sha256}, not ${header.sha256}`,
      );
    }
    return { ...header, bytes: this.#bytes };
  }

  #accept(chunk: WeightChunk__Output): Omit<WeightVersion, 'bytes'> {
    const role = roleFromWire(chunk.role);
    if (this.#header === undefined) {
      if (chunk.totalBytes !== this.#expectedBytes) {
        throw new MgrpoError(
          'INCOMPATIBLE',
          `weights have ${chunk.totalBytes} bytes, this model's parameters take ${this.#expectedBytes}; use the run's model`,
        );
      }
      this.#bytes = Buffer.alloc(chunk.totalBytes);
      const { version, learnerEpoch, sha256, runId } = chunk;
      this.#header = { role, version, learnerEpoch, sha256, runId };
    }
    const header = this.#header;
    const isNext =
      chunk.offset === this.#received &&
      chunk.offset + chunk.data.length <= this.#bytes.length &&
      chunk.version === header.version &&
      chunk.sha256 === header.sha256 &&
      role === header.role;
    if (!isNext || chunk.data.length === 0) {
      throw new MgrpoError(
        'INVALID_MESSAGE',
        `weights: expected version ${header.version} from byte ${this.#received}, got version ${chunk.version} from byte ${chunk.offset}`,
      );
    }
    return header;
  }
}
