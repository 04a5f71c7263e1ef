import type { RunConfig } from '@mgrpo/config';
import { type connectRedis, Presence, queuePrefix } from '@mgrpo/queues';
import type { Logger } from '@mgrpo/telemetry';
import { workerName } from './machine.ts';
import type { Servers } from './servers.ts';

export interface PresentService {
  config: RunConfig;
  runId: string;
  service: string;
  redis: ReturnType<typeof connectRedis>;
  servers: Servers;
  log: Logger;
  /** Jobs in hand. */
  jobs(): number;
  /** Held now; none where a service has no weights. */
  weightVersions?(): readonly number[];
}

/** Makes a service one of those that `mgrpo status` lists. */
export function showPresence(options: PresentService): Presence {
  const { config, runId, service, redis, servers, log, jobs, weightVersions } = options;
  return new Presence({
    redis,
    prefix: queuePrefix(config.deployment.redis.prefix, runId),
    describe: () => ({
      service,
      process: workerName(),
      state: servers.state(),
      weightVersions: [...(weightVersions?.() ?? [])],
      jobs: jobs(),
    }),
    onError: (error) => log.debug({ error: error.message }, 'presence'),
  });
}
