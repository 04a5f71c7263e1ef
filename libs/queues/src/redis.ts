import { hidePassword, MgrpoError, messageOf } from '@mgrpo/errors';
import { Redis } from 'ioredis';

/**
 * A connection whose commands wait while Redis is away and go on when it is back.
 *
 * Everything in Redis can be recomputed, so waiting is right: a command that failed at the first hiccup would
 * only be tried again by the caller. Callers that can't wait set their own deadline.
 */
export function connectRedis(url: string): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  });
  // Without a listener a lost connection would end the process; the next command waits for its return.
  redis.on('error', () => {});
  return redis;
}

// Refusals that end by themselves: no memory left, a start, a change of masters, a disk that is full.
const passing = /^(OOM|LOADING|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF)\b/;
const connectionLost = /Connection is closed|ECONN|EPIPE|ENOENT|ETIMEDOUT|timed out|Socket closed/;

/** Whether an error of a command means that Redis is away or can't take anything now, and will be back. */
export function isRedisOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof MgrpoError) return false;
  // A script's refusal is quoted after the script's own words.
  return passing.test(error.message) || /-(OOM|READONLY)\b/.test(error.message)
    ? true
    : connectionLost.test(error.message);
}

/** @throws MgrpoError UNAVAILABLE naming the URL when Redis doesn't answer within `deadlineMs`. */
export async function requireRedis(url: string, deadlineMs: number): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer')), deadlineMs);
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), timeout]);
  } catch (error) {
    const reason = lastError ?? error;
    throw new MgrpoError(
      'UNAVAILABLE',
      // The reason may quote the address too.
      hidePassword(
        `no Redis at ${url}: ${messageOf(reason)}; start one, or correct --redis or REDIS_URL`,
      ),
      { cause: reason },
    );
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}
