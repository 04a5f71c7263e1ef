import type { Role } from '@mgrpo/algorithm';
import { loadModelConfig } from '@mgrpo/checkpoint';
import { type RolloutEngine, stopTokenIds } from '@mgrpo/generation';
import type { ModelConfig } from '@mgrpo/model';
import {
  Consumer,
  connectRedis,
  PayloadStore,
  queueNames,
  type RolloutJob,
  rolloutJobSchema,
} from '@mgrpo/queues';
import { contracts } from '@mgrpo/rpc';
import { createMetrics } from '@mgrpo/telemetry';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';
import { jobsInHand } from './jobs-in-hand.ts';
import { admitWorker, joinRun } from './join-run.ts';
import { machineFingerprint } from './machine.ts';
import { openWeightFeed } from './open-weight-feed.ts';
import { showPresence } from './presence.ts';
import { consumerSettings, payloadTtlSeconds, redisAddressOf } from './queue-settings.ts';
import { requireProcessMemory } from './require-memory.ts';
import { openRolloutEngine } from './rollout-engine.ts';
import { rolloutRpc } from './rollout-rpc.ts';
import { RolloutWorker, rolloutMetrics } from './rollout-worker.ts';
import { openServers } from './servers.ts';
import type { RunningService, ServiceContext } from './service-process.ts';
import { tracedJob } from './traced-job.ts';

/**
 * A rollout service of one role: takes the role's weights from the learner and its jobs from the queue.
 *
 * Policy and momentum rollouts are the same service with another role, so each scales on its own.
 */
export async function startRolloutService(
  role: Role,
  context: ServiceContext,
): Promise<RunningService> {
  const { config, log, tracer, security, joined } = context;
  const [model, tokenizer, { runId }] = await Promise.all([
    loadModelConfig(config.model.path),
    loadTokenizer(config.model.path),
    joinRun(config, security),
  ]);
  joined(runId);
  requireProcessMemory(`${role}-rollout`, model, config);
  const opened = await openWorker(role, context, { runId, model, tokenizer });
  const { engine, redis, weights, worker } = opened;
  const { policyRollout, momentumRollout } = config.deployment;
  const implementation = rolloutRpc({ role, runId, config, tracer, ...opened });
  const servers = await openServers({
    context,
    listen: role === 'policy' ? policyRollout : momentumRollout,
    services: [{ definition: contracts.RolloutService.service, implementation }],
    notReady: () => engine.notReady(),
  });
  const consumer = openConsumer(context, runId, { role, worker });
  const presence = showPresence({
    ...{ config, runId, service: `${role}-rollout`, redis, servers, log },
    jobs: () => consumer.inHand,
    weightVersions: () => engine.versions(),
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
      presence.close();
      redis.disconnect();
    },
  };
}

/** An engine that the learner has admitted, the weights that come to it, and who gives it jobs. */
async function openWorker(
  role: Role,
  { config, log, registry, tracer, security, env, notice }: ServiceContext,
  { runId, model, tokenizer }: { runId: string; model: ModelConfig; tokenizer: Tokenizer },
) {
  const { deadlines } = config.deployment;
  const stops = stopTokenIds(model, tokenizer);
  const { engine, device } = await openRolloutEngine(config, {
    ...{ role, runId, model, tokenizer, env, log, notice },
    stopTokenIds: stops,
    admit: (device) => admitWorker(config, security, { role, device }),
  });
  const redis = connectRedis(redisAddressOf(config), deadlines.redisMs);
  const metrics = createMetrics(registry, rolloutMetrics, { role, direction: 'received' });
  metrics.entropyIsEstimate.set({ role }, config.rollout.engine === 'onnx' ? 0 : 1);
  const fingerprint = await machineFingerprint();
  const weights = openWeightFeed({
    ...{ security, role, config, runId, model, isRelay: false, fingerprint, metrics, log },
    onVersion: (version) => worker.load(version),
  });
  const worker = new RolloutWorker({
    ...{ role, seed: config.seed, stopTokenIds: stops, engine, weights, runId, metrics, tracer },
    payloads: new PayloadStore(redis, payloadTtlSeconds),
    keepVersions: config.lag + 1,
    fetchDeadlineMs: deadlines.weightsMs,
  });
  return { engine, device, stopTokenIds: stops, redis, weights, worker };
}

function openConsumer(
  { config, log, tracer }: ServiceContext,
  runId: string,
  { role, worker }: { role: Role; worker: RolloutWorker },
): Consumer<RolloutJob> {
  return new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames[role],
    schema: rolloutJobSchema,
    concurrency: jobsInHand(config, role),
    handle: tracedJob({
      name: 'rollout',
      tracer,
      log,
      describe: describeRollout,
      handle: ({ data, signal }, span) => worker.run(data, span, signal),
    }),
  });
}

function describeRollout(job: RolloutJob) {
  const { purpose, role, weightVersion: version, iteration, prompts, numRollouts } = job;
  const attributes = {
    purpose,
    role,
    version,
    prompts: prompts.length,
    rollouts: prompts.length * numRollouts,
  };
  return purpose === 'train' ? { iteration, attributes } : { attributes };
}

/** Rejects when the engine's thread dies. */
async function failureOf(engine: RolloutEngine): Promise<never> {
  const error = await engine.ended;
  if (error !== undefined) throw error;
  return await new Promise(() => {});
}
