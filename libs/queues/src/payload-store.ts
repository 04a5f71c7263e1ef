import { createHash } from 'node:crypto';
import { MgrpoError } from '@mgrpo/errors';
import type { Redis } from 'ioredis';
import type { PayloadRef } from './jobs.ts';

/**
 * The big values of the queue: rollouts and verdicts under keys of their own.
 *
 * They stay out of the jobs because returned megabytes linger in BullMQ's event streams (1 KiB jobs run at
 * 2,800/s, 1 MiB jobs at 63/s), and out of the `{…}` hash tag so that a cluster spreads them. A key is written
 * once: what a second writer computed has the same bits, and a zombie can't overwrite.
 */
export class PayloadStore {
  readonly #redis: Redis;
  readonly #ttlSeconds: number;

  /** `ttlSeconds` is only a net under the learner, which unlinks what its journal holds. */
  constructor(redis: Redis, ttlSeconds: number) {
    this.#redis = redis;
    this.#ttlSeconds = ttlSeconds;
  }

  /** Writes `bytes` unless the key exists already; returns the reference of what is there. */
  async put(key: string, bytes: Buffer): Promise<PayloadRef> {
    const own = sha256(bytes);
    const sealed = Buffer.concat([Buffer.from(own, 'hex'), bytes]);
    const written = await this.#redis.set(key, sealed, 'EX', this.#ttlSeconds, 'NX');
    if (written === 'OK') return { key, sha256: own };
    return (await this.find(key)) ?? { key, sha256: own };
  }

  /** The reference of a payload that is already there; one that is damaged is removed. */
  async find(key: string): Promise<PayloadRef | undefined> {
    const sealed = await this.#redis.getBuffer(key);
    if (sealed === null) return undefined;
    const { claimed, actual } = open(sealed);
    if (claimed === actual) return { key, sha256: actual };
    await this.#redis.unlink(key);
    return undefined;
  }

  /**
   * The payload's bytes.
   *
   * @throws MgrpoError NOT_FOUND when it is gone, CORRUPT when its hash differs; a corrupt payload is removed so
   * that a repaired tree makes it again.
   */
  async get(ref: PayloadRef): Promise<Buffer> {
    const sealed = await this.#redis.getBuffer(ref.key);
    if (sealed === null) {
      throw new MgrpoError(
        'NOT_FOUND',
        `payload ${ref.key} is gone from Redis; it will be made again`,
      );
    }
    const { bytes, actual } = open(sealed);
    if (actual !== ref.sha256) {
      await this.#redis.unlink(ref.key);
      throw new MgrpoError('CORRUPT', `payload ${ref.key} has sha256 ${actual}, not ${ref.sha256}`);
    }
    return bytes;
  }

  /** Removes payloads that are on the learner's disk. */
  async unlink(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#redis.unlink(...keys);
  }
}

/** A payload behind its SHA-256 (32 bytes): whoever finds it under its key alone can tell whether it is whole. */
function open(sealed: Buffer): { bytes: Buffer; claimed: string; actual: string } {
  const bytes = sealed.subarray(32);
  return { bytes, claimed: sealed.toString('hex', 0, 32), actual: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The key of a training or evaluation payload; independent of the tree that asked for it. */
export function rolloutKey(job: {
  runId: string;
  purpose: 'train' | 'eval';
  iteration: number;
  role: 'policy' | 'momentum';
  firstPrompt: number;
  numPrompts: number;
  firstRollout: number;
  numRollouts: number;
  temperature: number;
}): string {
  const prompts = `${job.firstPrompt}+${job.numPrompts}`;
  const rollouts = `${job.firstRollout}+${job.numRollouts}`;
  return `mgrpo:${job.runId}:${job.purpose}:${job.iteration}:${job.role}:${prompts}:${rollouts}:${job.temperature}`;
}

/** The key of a question's verdicts; `prompt` is the first of its prompts. */
export function verdictKey(runId: string, iteration: number, prompt: number): string {
  return `mgrpo:${runId}:verdict:${iteration}:${prompt}`;
}
