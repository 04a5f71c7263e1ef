import { MgrpoError, messageOf } from '@mgrpo/errors';
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { z } from 'zod';
import {
  type PayloadRef,
  parseMessage,
  payloadRefSchema,
  type QueueName,
  traceKey,
} from './jobs.ts';
import { connectRedis, type RedisAddress } from './redis.ts';

/** Thrown by a handler that can't go on yet: the job comes back after `delayMs`, and no slot is held meanwhile. */
export class NotYet extends Error {
  readonly delayMs: number;

  constructor(reason: string, delayMs = 100) {
    super(reason);
    this.name = 'NotYet';
    this.delayMs = delayMs;
  }
}

export interface ReceivedJob<Data> {
  data: Data;
  /** When the job's tree was added, milliseconds since the epoch. */
  addedAtMs: number;
  /** W3C traceparent of its tree, where the coordinator traces; not checked. */
  traceparent: string | null;
  /** What the children returned, in no particular order. */
  children(): Promise<PayloadRef[]>;
}

export interface ConsumerOptions<Data> {
  redis: string | RedisAddress;
  prefix: string;
  queue: QueueName;
  schema: z.ZodType<Data>;
  /** Jobs in hand at once. */
  concurrency: number;
  /** How long a job stays locked without a sign of life; others take it after that. */
  lockDurationMs: number;
  /** How often stalled jobs are looked for. */
  stalledIntervalMs: number;
  maxStalledCount: number;
  /** How long a job may put itself off by `NotYet` before it counts as failed. */
  waitDeadlineMs: number;
  handle(job: ReceivedJob<Data>): Promise<PayloadRef | null>;
  onError(error: Error): void;
}

// Asking again can't help: the job, the configuration or the machine is wrong.
const unrecoverable = new Set(['INVALID_MESSAGE', 'INVALID_CONFIG', 'INCOMPATIBLE']);

/** Takes jobs of one queue; at-least-once, so handlers are idempotent. */
export class Consumer<Data> {
  readonly #worker: Worker;
  readonly #disconnect: () => void;
  #lastFetch = Date.now();

  constructor(options: ConsumerOptions<Data>) {
    const connection = connectRedis(options.redis);
    this.#disconnect = () => connection.disconnect();
    this.#worker = new Worker(
      options.queue,
      (job, token) => {
        this.#lastFetch = Date.now();
        return run(options, job, token);
      },
      {
        connection,
        prefix: options.prefix,
        concurrency: options.concurrency,
        lockDuration: options.lockDurationMs,
        stalledInterval: options.stalledIntervalMs,
        maxStalledCount: options.maxStalledCount,
        // After an error of Redis; the default of 15 s is longer than most outages.
        runRetryDelay: 500,
      },
    );
    this.#worker.on('error', options.onError);
  }

  /** When a job was last taken, milliseconds since the epoch. */
  get lastFetch(): number {
    return this.#lastFetch;
  }

  /** Takes no more jobs and waits for the ones in hand. */
  async close(): Promise<void> {
    await this.#worker.close();
    this.#disconnect();
  }
}

async function run<Data>(
  options: ConsumerOptions<Data>,
  job: Job,
  token: string | undefined,
): Promise<PayloadRef | null> {
  try {
    const { [traceKey]: traceparent, ...own } = job.data ?? {};
    const data = parseMessage(options.schema, own, `job ${job.id} of ${options.queue}`);
    const result = await options.handle({
      data,
      addedAtMs: job.timestamp,
      traceparent: typeof traceparent === 'string' ? traceparent : null,
      children: () => childPayloads(job),
    });
    return result === null ? null : { ...result, finishedAtMs: Date.now() };
  } catch (error) {
    if (error instanceof NotYet) return await putOff(options, job, token, error);
    if (error instanceof MgrpoError && unrecoverable.has(error.code)) {
      throw new UnrecoverableError(`${error.code}: ${error.message}`);
    }
    throw error;
  }
}

async function putOff<Data>(
  options: ConsumerOptions<Data>,
  job: Job,
  token: string | undefined,
  notYet: NotYet,
): Promise<never> {
  const waitedMs = Date.now() - job.timestamp;
  if (waitedMs > options.waitDeadlineMs) {
    throw new MgrpoError(
      'DEADLINE',
      `job ${job.id} waited ${Math.round(waitedMs / 1000)} s: ${notYet.message}`,
    );
  }
  await job.moveToDelayed(Date.now() + notYet.delayMs, token);
  throw new DelayedError(messageOf(notYet));
}

async function childPayloads(job: Job): Promise<PayloadRef[]> {
  const values = await job.getChildrenValues();
  return Object.entries(values).map(([child, value]) =>
    parseMessage(payloadRefSchema, value, `result of ${child}`),
  );
}
