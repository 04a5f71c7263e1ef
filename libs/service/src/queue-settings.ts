import type { RunConfig } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { queuePrefix, type RedisAddress } from '@mgrpo/queues';
import type { Logger } from '@mgrpo/telemetry';
import { workerName } from './machine.ts';

/** A net under the learner, which unlinks what its journal holds; long enough for any pause of a run. */
export const payloadTtlSeconds = 24 * 3600;

/** @throws MgrpoError INVALID_CONFIG where nobody said where Redis is. */
export function redisAddressOf({ deployment }: Pick<RunConfig, 'deployment'>): RedisAddress {
  const { url, ...rest } = deployment.redis;
  if (url !== null) return { url, ...rest };
  throw new MgrpoError(
    'INVALID_CONFIG',
    'deployment.redis.url is not set; give the Redis that the services of the run share',
  );
}

/** What the consumers of a run's services have in common. */
export function consumerSettings(config: RunConfig, runId: string, log: Logger) {
  const { jobs, deadlines, redis } = config.deployment;
  return {
    redis: redisAddressOf(config),
    prefix: queuePrefix(redis.prefix, runId),
    lockDurationMs: jobs.lockDurationMs,
    stalledIntervalMs: jobs.stalledIntervalMs,
    maxStalledCount: jobs.maxStalledCount,
    process: workerName(),
    retryDelayMs: 100,
    redisDeadlineMs: deadlines.redisMs,
    jobDeadlineMs: deadlines.jobMs,
    fetchDeadlineMs: deadlines.fetchMs,
    onError: (error: Error) => log.warn({ error: messageOf(error) }, 'queue'),
  };
}
