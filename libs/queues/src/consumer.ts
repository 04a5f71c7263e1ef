import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { childPayloads } from './child-payloads.ts';
import { failedAttempt } from './failed-job.ts';
import { type PayloadRef, parseMessage, type QueueName, traceKey } from './jobs.ts';
import {
  connectRedis,
  isRedisOutage,
  type RedisAddress,
  redisNowMs,
  requireRedis,
} from './redis.ts';

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
  /**
   * Fires at the job's deadline, when the try has failed: what takes long stops then.
   *
   * It does not when the job's lock is lost. Whoever has the job next finds the payload that is still made here, and a
   * Redis that was away for longer than a lock lasts must not undo all work in hand.
   */
  signal: AbortSignal;
  /** What the children returned, in no particular order. */
  children(): Promise<PayloadRef[]>;
}

export interface ConsumerOptions<Data> {
  redis: string | RedisAddress;
  /** A connection that owes an answer for so long is opened anew. */
  redisDeadlineMs: number;
  prefix: string;
  queue: QueueName;
  schema: z.ZodType<Data>;
  /** Names this process where jobs say who holds them. */
  process: string;
  /** Jobs in hand at once. */
  concurrency: number;
  /** How long a job stays locked without a sign of life; others take it after that. */
  lockDurationMs: number;
  /** How often stalled jobs are looked for. */
  stalledIntervalMs: number;
  maxStalledCount: number;
  /** First pause before a job that threw may be tried again; doubles. */
  retryDelayMs: number;
  /** How long a job may put itself off by `NotYet`, and how long its handler may take, before it counts as failed. */
  jobDeadlineMs: number;
  /** Jobs that wait for so long, while a slot is free and none is fetched, say that the connection is dead. */
  fetchDeadlineMs: number;
  handle(job: ReceivedJob<Data>): Promise<PayloadRef | null>;
  onError(error: Error): void;
}

// Asking again can't help: the job, the configuration or the machine is wrong.
const unrecoverable = new Set(['INVALID_MESSAGE', 'INVALID_CONFIG', 'INCOMPATIBLE']);

/** Pause before a command that Redis could not serve is given again. */
const outagePauseMs = 500;

/** For so long may a worker that waits for jobs ask without an answer (BullMQ's `maximumBlockTimeout`). */
const longestAskMs = 10_000;

/** Takes jobs of one queue; at-least-once, so handlers are idempotent. */
export class Consumer<Data> {
  readonly #options: ConsumerOptions<Data>;
  readonly #watch: NodeJS.Timeout;
  #source: { worker: Worker; connection: Redis };
  #lastFetchMs = performance.now();
  #inHand = 0;
  #isClosed = false;

  constructor(options: ConsumerOptions<Data>) {
    this.#options = options;
    this.#source = this.#open();
    this.#watch = setInterval(() => void this.#reviveIfDead(), options.fetchDeadlineMs / 4);
    this.#watch.unref();
  }

  /** Jobs that are worked on now. */
  get inHand(): number {
    return this.#inHand;
  }

  /** Takes no more jobs and waits for the ones in hand. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    const { worker, connection } = this.#source;
    await worker.close();
    connection.disconnect();
  }

  #open(): { worker: Worker; connection: Redis } {
    const options = this.#options;
    const connection = connectRedis(options.redis, options.redisDeadlineMs + longestAskMs);
    const worker = new Worker(
      options.queue,
      async (job, token) => {
        this.#lastFetchMs = performance.now();
        this.#inHand += 1;
        try {
          return await run(options, connection, job, token);
        } finally {
          this.#inHand -= 1;
          this.#lastFetchMs = performance.now();
        }
      },
      {
        connection,
        prefix: options.prefix,
        name: options.process,
        concurrency: options.concurrency,
        lockDuration: options.lockDurationMs,
        stalledInterval: options.stalledIntervalMs,
        maxStalledCount: options.maxStalledCount,
        // After an error of Redis; the default of 15 s is longer than most outages.
        runRetryDelay: outagePauseMs,
      },
    );
    worker.on('error', options.onError);
    return { worker, connection };
  }

  /** Opens the queue anew when jobs wait there, a slot is free, and yet none has come for too long. */
  async #reviveIfDead(): Promise<void> {
    const { fetchDeadlineMs, concurrency, queue, onError } = this.#options;
    const isQuiet = () => performance.now() - this.#lastFetchMs >= fetchDeadlineMs;
    if (!isQuiet() || this.#inHand >= concurrency) return;
    const waiting = await this.#waitingJobs().catch(() => 0);
    if (waiting === 0 || !isQuiet() || this.#isClosed) return;
    const seconds = Math.round(fetchDeadlineMs / 1000);
    const what = `${waiting} jobs wait in ${queue} and none was fetched for ${seconds} s`;
    onError(new MgrpoError('DEADLINE', `${what}; the queue is opened anew`));
    const dead = this.#source;
    this.#lastFetchMs = performance.now();
    this.#source = this.#open();
    // Jobs in hand end as they may: another worker has them once their locks are gone.
    await dead.worker.close(true).catch(onError);
    dead.connection.disconnect();
  }

  /** Asked over a connection of its own: the worker's may be the one that is dead. */
  async #waitingJobs(): Promise<number> {
    const { redis: address, redisDeadlineMs, prefix, queue } = this.#options;
    await requireRedis(address, redisDeadlineMs);
    const redis = connectRedis(address, redisDeadlineMs);
    try {
      return await redis.llen(`${prefix}:${queue}:wait`);
    } finally {
      redis.disconnect();
    }
  }
}

async function run<Data>(
  options: ConsumerOptions<Data>,
  redis: Redis,
  job: Job,
  token: string | undefined,
): Promise<PayloadRef | null> {
  try {
    const { [traceKey]: traceparent, ...own } = job.data ?? {};
    const data = parseMessage(options.schema, own, `job ${job.id} of ${options.queue}`);
    const received: Omit<ReceivedJob<Data>, 'signal'> = {
      data,
      addedAtMs: job.timestamp,
      traceparent: typeof traceparent === 'string' ? traceparent : null,
      children: () => childPayloads(job),
    };
    const handle = (signal: AbortSignal) => options.handle({ ...received, signal });
    const result = await inTime(options, job, handle);
    return result === null ? null : { ...result, finishedAtMs: Date.now() };
  } catch (error) {
    if (error instanceof NotYet) return await putOff(options, redis, { job, token }, error);
    const isFinal = error instanceof MgrpoError && unrecoverable.has(error.code);
    // The pause is ours, not the queue's: a delay there is a time of day, and clocks differ.
    if (!isFinal) await sleep(options.retryDelayMs * 2 ** job.attemptsMade);
    throw failedAttempt(error, options.process, isFinal ? UnrecoverableError : Error);
  }
}

/** What the handler returns, tried again while Redis is away. */
async function inTime(
  { jobDeadlineMs, queue }: { jobDeadlineMs: number; queue: string },
  job: Job,
  handle: (signal: AbortSignal) => Promise<PayloadRef | null>,
): Promise<PayloadRef | null> {
  const late = Promise.withResolvers<never>();
  const abort = new AbortController();
  const seconds = Math.round(jobDeadlineMs / 1000);
  const reason = `job ${job.id} of ${queue} was not done after ${seconds} s; raise its deadline in deployment.deadlines if it only needs longer`;
  const timer = setTimeout(() => {
    const error = new MgrpoError('DEADLINE', reason);
    // First, so that the try fails for this and not for what the handler makes of the signal.
    late.reject(error);
    abort.abort(error);
  }, jobDeadlineMs);
  try {
    for (;;) {
      try {
        return await Promise.race([handle(abort.signal), late.promise]);
      } catch (error) {
        if (!isRedisOutage(error)) throw error;
        await Promise.race([sleep(outagePauseMs), late.promise]);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

async function putOff<Data>(
  { jobDeadlineMs }: ConsumerOptions<Data>,
  redis: Redis,
  { job, token }: { job: Job; token: string | undefined },
  notYet: NotYet,
): Promise<never> {
  // Of Redis's clock, as the time of the job is: a process whose clock is wrong must not give jobs up.
  const nowMs = await redisNowMs(redis);
  const waitedMs = nowMs - job.timestamp;
  if (waitedMs > jobDeadlineMs) {
    throw new MgrpoError(
      'DEADLINE',
      `job ${job.id} waited ${Math.round(waitedMs / 1000)} s: ${notYet.message}`,
    );
  }
  // Whoever takes it next compares with a clock of his own: one of ours that is ahead must not delay the job.
  await job.moveToDelayed(Math.min(nowMs, Date.now()) + notYet.delayMs, token);
  throw new DelayedError(messageOf(notYet));
}
