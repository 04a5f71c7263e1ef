import type { RunConfig } from '@mgrpo/config';
import { Consumer, connectRedis, learnJobSchema, PayloadStore, queueNames } from '@mgrpo/queues';
import { contracts } from '@mgrpo/rpc';
import {
  configHash,
  consumerSettings,
  machineFingerprint,
  openServers,
  payloadTtlSeconds,
  type RunningService,
  redisAddressOf,
  runService,
  type ServiceContext,
  showPresence,
  tracedJob,
  weightRpc,
} from '@mgrpo/service';
import { collectBatch } from './collect-batch.ts';
import { learnerRpc } from './learner-rpc.ts';
import { openLearner } from './open-learner.ts';

/** Runs the learner of the run in `runFolder` as this process; returns its exit code. */
export function main(config: RunConfig, runFolder: string): Promise<number> {
  return runService('learner', config, (context) => startLearner(context, runFolder), {
    isSingle: true,
  });
}

/** Of the time to drain, what is kept from uploads for closing. */
const drainReserveMs = 800;

/** The learner: journals the batches, trains on them, publishes the weights, keeps the run folder. */
export async function startLearner(
  context: ServiceContext,
  runFolder: string,
): Promise<RunningService> {
  const { config, log, tracer, joined } = context;
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => {});
  const { learner, publisher, devices, runId, finishBackup, close } = await openLearner(
    context,
    runFolder,
    fatal.reject,
  );
  joined(runId);
  const servers = await openServers({
    context,
    listen: config.deployment.learner,
    services: [
      {
        definition: contracts.LearnerService.service,
        implementation: learnerRpc(learner, { devices, config, tracer }),
      },
      {
        definition: contracts.WeightService.service,
        implementation: weightRpc(publisher, {
          configHash: configHash(config),
          fingerprint: await machineFingerprint(),
        }),
      },
    ],
    notReady: () => (publisher.newest('policy') === undefined ? 'replaying the journal' : null),
  });
  await learner.replay();
  const redis = connectRedis(redisAddressOf(config), config.deployment.deadlines.redisMs);
  const payloads = new PayloadStore(redis, payloadTtlSeconds);
  const numPrompts = config.algorithm.promptsPerIteration;
  const consumer = new Consumer({
    ...consumerSettings(config, runId, log),
    queue: queueNames.learn,
    schema: learnJobSchema,
    concurrency: config.lag + 2,
    // A batch waits here for the iterations before it.
    jobDeadlineMs: config.deployment.deadlines.iterationMs,
    handle: tracedJob({
      name: 'learn',
      tracer,
      log,
      describe: ({ iteration, weightVersion: version }) => ({ iteration, attributes: { version } }),
      handle: async (job, { traceparent }) => {
        if (learner.has(job.data.iteration)) return null;
        const batch = await tracer.span('collect', {}, () =>
          collectBatch(job, { runId, numPrompts, payloads, log }),
        );
        await learner.offer({ ...batch, traceparent });
        return null;
      },
    }),
  });
  const presence = showPresence({
    ...{ config, runId, service: 'learner', redis, servers, log },
    jobs: () => consumer.inHand,
    weightVersions: () => publisher.versions('policy'),
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: fatal.promise,
    close: async () => {
      // A moment is left for the rest.
      const uploadsEndAtMs =
        performance.now() + config.deployment.deadlines.drainMs - drainReserveMs;
      servers.drain();
      await learner.drain();
      const finished = finishBackup(uploadsEndAtMs);
      publisher.close();
      await consumer.close();
      await servers.close(500);
      presence.close();
      redis.disconnect();
      await finished;
      await close();
    },
  };
}
