import { rolloutCounts } from '@mgrpo/algorithm';
import { loadModelConfig } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { contracts } from '@mgrpo/rpc';
import {
  configHash,
  feedMetrics,
  joinRun,
  machineFingerprint,
  openServers,
  openWeightFeed,
  type RunningService,
  runService,
  type ServiceContext,
  WeightPublisher,
  weightRpc,
} from '@mgrpo/service';
import { createMetrics, type Metrics, type Tracer } from '@mgrpo/telemetry';
import { followLearner } from './follow-learner.ts';

const relayMetrics = [...feedMetrics, 'weightVersion', 'relayChildren', 'relayVersions'] as const;

/** Runs a weight relay as this process; returns its exit code. */
export function main(config: RunConfig): Promise<number> {
  return runService('weight-relay', config, startWeightRelay);
}

/**
 * Takes both roles' weights once and serves them to many: the learner sends as much as it has relays, however many
 * workers there are. A byte goes on as soon as it has come, before the version is whole.
 */
async function startWeightRelay(context: ServiceContext): Promise<RunningService> {
  const { config, log, registry, tracer, security, joined } = context;
  const [model, run] = await Promise.all([
    loadModelConfig(config.model.path),
    joinRun(config, security),
  ]);
  joined(run.runId);
  const metrics = createMetrics(registry, relayMetrics);
  const publisher = openPublisher(config, metrics, tracer);
  const roles =
    rolloutCounts(config.algorithm).momentum > 0
      ? (['policy', 'momentum'] as const)
      : (['policy'] as const);
  const fingerprint = await machineFingerprint();
  const feeds = roles.map((role) =>
    openWeightFeed({
      ...{ role, config, security, runId: run.runId, model, isRelay: true, fingerprint },
      ...{ metrics, log },
      onProgress: (transfer) => publisher.offer(transfer),
      onVersion: async ({ version }) => {
        metrics.weightVersion.set({ role }, version);
        metrics.relayVersions.set({ role }, publisher.versions(role).length);
      },
    }),
  );
  const expected = { configHash: configHash(config), fingerprint: run.fingerprint };
  const implementation = weightRpc(publisher, expected);
  const servers = await openServers({
    context,
    listen: config.deployment.weightRelay,
    services: [{ definition: contracts.WeightService.service, implementation }],
    notReady: () =>
      roles.some((role) => publisher.versions(role).length === 0) ? 'waiting-for-weights' : null,
  });
  const learner = followLearner(config, security, (version) => {
    for (const feed of feeds) feed.want(version);
  });
  return {
    port: servers.port,
    metricsPort: servers.metricsPort,
    failed: Promise.race(feeds.map((feed) => feed.failed)),
    close: async () => {
      servers.drain();
      publisher.close();
      await learner.close();
      await Promise.all(feeds.map((feed) => feed.close()));
      await servers.close(500);
    },
  };
}

/** Keeps a version more than the learner: a worker that is an iteration behind is still served. */
function openPublisher(
  { lag }: RunConfig,
  metrics: Metrics<(typeof relayMetrics)[number]>,
  tracer: Tracer,
): WeightPublisher {
  return new WeightPublisher(lag + 2, {
    onTransfer: (role, bytes, seconds) => {
      const labels = { role, direction: 'sent' } as const;
      metrics.weightBytes.inc(labels, bytes);
      metrics.weightSeconds.observe(labels, seconds);
    },
    onSubscribers: (role, count) => metrics.relayChildren.set({ role }, count),
    tracer,
  });
}
