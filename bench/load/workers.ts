import {
  Consumer,
  connectRedis,
  type PayloadRef,
  PayloadStore,
  queueNames,
  type ReceivedJob,
  type RolloutJob,
  rolloutJobSchema,
} from '@mgrpo/queues';
import { openSecurity } from '@mgrpo/rpc';
import {
  consumerSettings,
  payloadTtlSeconds,
  RolloutWorker,
  rolloutMetrics,
  tracedJob,
  WeightFeed,
} from '@mgrpo/service';
import { createLogger, createMetrics, createRegistry, quietTracer } from '@mgrpo/telemetry';
import { type LoadSettings, loadConfig, loadRunId, type Placement } from './settings.ts';
import { SimulatedEngine } from './simulated-engine.ts';
import { tell, tellUsage } from './usage.ts';
import { loadWeightBytes } from './weight-roles.ts';

/** Some logical workers: `numWorkers` jobs of each role in hand at once. */
export async function runWorkers({
  settings,
  placement,
  numWorkers,
}: {
  settings: LoadSettings;
  placement: Placement;
  numWorkers: number;
}): Promise<void> {
  const config = loadConfig(settings, placement);
  const log = createLogger({ service: 'load', level: 'warn' });
  const redis = connectRedis(placement.redisUrl, config.deployment.deadlines.redisMs);
  const payloads = new PayloadStore(redis, payloadTtlSeconds);
  const tracer = quietTracer();
  let ended: [number, number][] = [];
  const engines: SimulatedEngine[] = [];
  for (const role of ['policy', 'momentum'] as const) {
    const { tokens, heavyTail, engineMs, separate, bare } = settings;
    const engine = new SimulatedEngine({ tokens, heavyTail, milliseconds: engineMs });
    engines.push(engine);
    const weights = new WeightFeed({
      addresses: [`127.0.0.1:${placement.learnerPort}`],
      security: openSecurity,
      subscriber: { role, name: 'load', fingerprint: '', configHash: '', isRelay: false },
      runId: loadRunId,
      expectedBytes: loadWeightBytes,
      reconnectDelayMs: 200,
      staleMs: 20_000,
      returnMs: 20_000,
      log,
      onVersion: (version) => worker.load(version),
    });
    const worker = new RolloutWorker({
      role,
      seed: config.seed,
      stopTokenIds: [],
      engine,
      weights,
      payloads,
      runId: loadRunId,
      keepVersions: config.lag + 1,
      fetchDeadlineMs: config.deployment.deadlines.weightsMs,
      metrics: createMetrics(createRegistry('policy-rollout'), rolloutMetrics, {}),
      tracer,
    });
    const handle = tracedJob<RolloutJob>({
      name: 'rollout',
      tracer,
      log,
      describe: ({ iteration }) => ({ iteration }),
      handle: ({ data, signal }, span) =>
        bare ? bareRef(data.key) : worker.run(data, span, signal),
    });
    for (let i = 0; i < (separate ? numWorkers : 1); i++) {
      new Consumer({
        ...consumerSettings(config, loadRunId, log),
        queue: queueNames[role],
        schema: rolloutJobSchema,
        concurrency: separate ? 1 : numWorkers,
        handle: async (job: ReceivedJob<RolloutJob>) => {
          const ref = await handle(job);
          ended.push([job.data.iteration, Date.now()]);
          return ref;
        },
      });
    }
  }
  tellUsage(() => {
    const since = ended;
    ended = [];
    return { engineMs: engines.reduce((sum, { busyMs }) => sum + busyMs, 0), ended: since };
  });
  tell({ kind: 'ready', port: 0 });
}

/** A reference to nothing, for the queue alone. */
export async function bareRef(key: string): Promise<PayloadRef> {
  return { key, sha256: '0'.repeat(64) };
}
