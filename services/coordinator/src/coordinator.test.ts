import { Consumer, JobTrees, type LearnJob, learnJobSchema } from '@mgrpo/queues';
import { startRedis } from '@mgrpo/queues/testing';
import { type LearnerState__Output, openSecurity } from '@mgrpo/rpc';
import { createLogger, createRegistry, quietTracer } from '@mgrpo/telemetry';
import { expect, it, onTestFinished } from 'vitest';
import { Coordinator } from './coordinator.ts';
import { LearnerView } from './learner-view.ts';
import { RunMetrics } from './run-metrics.ts';

const prefix = '{mgrpo.coordinator}';
const runId = 'r';
const log = createLogger({ service: 'coordinator', level: 'silent' });

async function openTrees() {
  const { server, redis, close } = await startRedis();
  onTestFinished(close);
  const trees = new JobTrees({ redis, prefix, attempts: 1 });
  onTestFinished(() => trees.close());
  return { server, redis, trees };
}

/** A coordinator of one iteration whose learner has said that it waits, and nothing since. */
function openCoordinator(trees: JobTrees) {
  const registry = createRegistry('coordinator');
  const first = { phase: 'waiting', appliedIterations: 0, evaluatedVersions: [] };
  const state = { ...first, pendingIterations: [] } as unknown as LearnerState__Output;
  const learner = new LearnerView(state, {
    ...{ address: '127.0.0.1:1', security: openSecurity, log },
    ...{ rpcDeadlineMs: 100, reconnectDelayMs: 1000 },
    onState: () => {},
    onConnection: () => {},
  });
  const coordinator = new Coordinator({
    ...{ runId, total: 1, lag: 0, evaluateEvery: 0, trees, learner, log },
    planIteration: (iteration) => ({
      kind: 'iteration',
      learn: { runId, iteration, weightVersion: iteration },
      questions: [],
    }),
    planEvaluation: () => expect.unreachable(),
    ...{ pollMs: 20, maxRebuilds: 3, attempts: 2, processesOf: async () => 1 },
    quarantine: async () => 'quarantine',
    ...{ iterationDeadlineMs: 60_000, outageDeadlineMs: 60_000 },
    ...{ metrics: new RunMetrics(registry), tracer: quietTracer() },
  });
  onTestFinished(async () => {
    await coordinator.close();
    await learner.close();
  });
  return { coordinator, registry };
}

it('jobs that a full Redis does not take are no try: the tree is built anew once, when there is room', async () => {
  const { server, redis, trees } = await openTrees();
  const { coordinator, registry } = openCoordinator(trees);
  await expect.poll(() => trees.find('learn', '0')).toBeDefined();
  const { rootId } = (await trees.find('learn', '0'))!;
  coordinator.pause(true);
  const consumer = new Consumer<LearnJob>({
    ...{ redis: server.url, prefix, queue: 'learn', schema: learnJobSchema, process: 'test' },
    ...{ concurrency: 1, lockDurationMs: 2000, stalledIntervalMs: 1000, maxStalledCount: 3 },
    ...{ retryDelayMs: 10, redisDeadlineMs: 5000, jobDeadlineMs: 5000, fetchDeadlineMs: 5000 },
    handle: async () => {
      throw new Error('out of memory');
    },
    onError: () => {},
  });
  await expect.poll(() => trees.state('learn', rootId)).toMatchObject({ kind: 'failed' });
  await consumer.close();
  await redis.config('SET', 'maxmemory', '1');
  coordinator.pause(false);
  await expect.poll(() => coordinator.outage).toMatch(/^OOM command not allowed/);
  // More rounds than there are tries.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(coordinator.state).toMatchObject({ phase: 'running', error: '' });
  await redis.config('SET', 'maxmemory', '0');
  await expect.poll(async () => (await trees.find('learn', '0'))?.rootId).not.toBe(rootId);
  await expect.poll(() => coordinator.outage).toBe('');
  expect(await registry.metrics()).toMatch(/^mgrpo_flow_rebuilds_total\S* 1$/m);
});
