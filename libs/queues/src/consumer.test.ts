import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Consumer, type ReceivedJob } from './consumer.ts';
import { JobTrees } from './job-trees.ts';
import { type LearnJob, learnJobSchema, queueNames } from './jobs.ts';
import { startRedis, type TestRedis } from './testing.ts';

const prefix = '{mgrpo.consumer}';
const learn = { runId: 'consumer', iteration: 0, weightVersion: 0 };
let server: TestRedis['server'];
let redis: TestRedis['redis'];
let trees: JobTrees;
let close: TestRedis['close'];
beforeAll(async () => {
  ({ server, redis, close } = await startRedis());
  trees = new JobTrees({ redis, prefix, attempts: 3 });
});
afterEach(() => redis.flushall());
afterAll(async () => {
  await trees.close();
  await close();
});

function consume(jobDeadlineMs: number, handle: (job: ReceivedJob<LearnJob>) => Promise<null>) {
  const consumer = new Consumer<LearnJob>({
    ...{ redis: server.url, prefix, queue: queueNames.learn, schema: learnJobSchema },
    ...{ process: 'test', concurrency: 2, retryDelayMs: 10, redisDeadlineMs: 15_000 },
    ...{ lockDurationMs: 400, stalledIntervalMs: 200, maxStalledCount: 3, fetchDeadlineMs: 60_000 },
    ...{ jobDeadlineMs, handle, onError: () => {} },
  });
  onTestFinished(() => consumer.close());
}

it('a handler hears of its deadline, and the job is tried again', async () => {
  const signals: AbortSignal[] = [];
  const done = Promise.withResolvers<void>();
  consume(200, async ({ signal }) => {
    signals.push(signal);
    if (signals.length === 1) await once(signal, 'abort');
    else done.resolve();
    signal.throwIfAborted();
    return null;
  });
  const id = await trees.add({ kind: 'iteration', learn, questions: [] });
  await done.promise;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(signals[0]!.reason).toMatchObject({
    code: 'DEADLINE',
    message: expect.stringContaining(`job ${id} of learn was not done after 0 s`),
  });
});

it('a job whose lock is lost is taken again, and who had it may go on', async () => {
  const signals: AbortSignal[] = [];
  const release = Promise.withResolvers<void>();
  consume(60_000, async ({ signal }) => {
    signals.push(signal);
    if (signals.length === 1) await release.promise;
    return null;
  });
  onTestFinished(() => release.resolve());
  const id = await trees.add({ kind: 'iteration', learn, questions: [] });
  await expect.poll(() => signals.length).toBe(1);
  await redis.del(`${prefix}:learn:${id}:lock`);
  await expect.poll(() => trees.state('learn', id)).toEqual({ kind: 'missing' });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
});
