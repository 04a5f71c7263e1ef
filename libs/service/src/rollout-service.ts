import { loadModelConfig } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { GenerationEngine, stopTokenIds } from '@mgrpo/generation';
import { numParameters } from '@mgrpo/model';
import { Consumer, connectRedis, PayloadStore, queueNames, rolloutJobSchema } from '@mgrpo/queues';
import { contracts } from '@mgrpo/rpc';
import { chooseDevice, type DeviceChoice } from '@mgrpo/runtime';
import { createMetrics, type Logger } from '@mgrpo/telemetry';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { admitWorker, configHash, joinRun, learnerAddress } from './join-run.ts';
import { machineFingerprint, workerName } from './machine.ts';
import { consumerSettings, payloadTtlSeconds, redisUrlOf } from './queue-settings.ts';
import { rolloutRpc } from './rollout-rpc.ts';
import { RolloutWorker, rolloutMetrics } from './rollout-worker.ts';
import { openServers } from './servers.ts';
import type { RunningService, ServiceContext } from './service-process.ts';
import { WeightFeed } from './weight-feed.ts';

/**
 * A rollout service of one role: takes the role's weights from the learner and its jobs from the queue.
 *
 * Policy and momentum rollouts are the same service with another role, so each scales on its own.
 */
export async function startRolloutService(
  role: 'policy' | 'momentum',
  { config, log, registry }: ServiceContext,
): Promise<RunningService> {
  const { rollout, deadlines, policyRollout, momentumRollout } = config.deployment;
  const [model, tokenizer, { runId }, choice] = await Promise.all([
    loadModelConfig(config.model.path),
    loadTokenizer(config.model.path),
    joinRun(config),
    chooseDevice(config.rollout.device),
  ]);
  tellDevice(choice, log);
  await admitWorker(config, { role, device: choice.identity });
  const engine = await GenerationEngine.start({
    model,
    slots: rollout.slots,
    device: choice.device,
    numTokens: tokenizer.vocabSize,
  });
  const stops = stopTokenIds(model, tokenizer);
  const redis = connectRedis(redisUrlOf(config));
  const metrics = createMetrics(registry, rolloutMetrics, { role, direction: 'received' });
  const weights = new WeightFeed({
    address: learnerAddress(config),
    role,
    expectedBytes: numParameters(model) * 4,
    subscriber: workerName(),
    fingerprint: machineFingerprint(),
    configHash: configHash(config),
    reconnectDelayMs: 200,
    log,
    onVersion: (version) => worker.load(version),
    onTransfer: (bytes, seconds) => {
      const labels = { role, direction: 'received' } as const;
      metrics.weightBytes.inc(labels, bytes);
      metrics.weightSeconds.observe(labels, seconds);
    },
  });
  const worker = new RolloutWorker({
    role,
    seed: config.seed,
    stopTokenIds: stops,
    engine,
    weights,
    payloads: new PayloadStore(redis, payloadTtlSeconds),
    runId,
    keepVersions: config.lag + 1,
    fetchDeadlineMs: deadlines.weightsMs,
    metrics,
  });
  const servers = await openServers({
    listen: role === 'policy' ? policyRollout : momentumRollout,
    services: [
      {
        definition: contracts.RolloutService.service,
        implementation: rolloutRpc({
          role,
          runId,
          config,
          stopTokenIds: stops,
          device: choice.identity,
          engine,
          worker,
        }),
      },
    ],
    registry,
    notReady: () => (engine.versions().length === 0 ? 'waiting-for-weights' : null),
  });
  const consumer = new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames[role],
    schema: rolloutJobSchema,
    concurrency: jobsInHand(config),
    handle: ({ data }) => worker.run(data),
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: Promise.race([weights.failed, failureOf(engine)]),
    close: async () => {
      servers.drain();
      await consumer.close();
      await weights.close();
      await servers.close(500);
      await engine.close();
      redis.disconnect();
    },
  };
}

/** What was chosen, and why not what is faster. */
function tellDevice({ identity, passedOver }: DeviceChoice, log: Logger): void {
  const fields = passedOver.map(({ device, reason }) => [`not_${device}`, reason] as const);
  log.info({ device: identity, ...Object.fromEntries(fields) }, 'device');
}

/** Rejects when the engine's thread dies. */
async function failureOf(engine: GenerationEngine): Promise<never> {
  const error = await engine.ended;
  if (error !== undefined) throw error;
  return await new Promise(() => {});
}

/** Enough jobs to fill the engine's slots, and one more so that the next is there when one ends. */
function jobsInHand({ deployment: { rollout } }: RunConfig): number {
  return Math.max(2, Math.ceil(rollout.slots / rollout.rolloutsPerJob) + 1);
}
