import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Consumer,
  connectRedis,
  JobTrees,
  type LearnJob,
  learnJobSchema,
  queueNames,
} from '@mgrpo/queues';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisProcess } from '../chaos/redis-process.ts';
import { TcpProxy } from '../chaos/tcp-proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-dead-queue-'));
const prefix = '{mgrpo.dead}';
let server: RedisProcess;
let link: TcpProxy;
beforeAll(async () => {
  server = await RedisProcess.start(folder);
  link = await TcpProxy.start(server.port);
});
afterAll(async () => {
  link.close();
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

it('a worker whose connection is dead without a word opens its queue anew when jobs wait', async () => {
  const taken = Promise.withResolvers<LearnJob>();
  const words: string[] = [];
  const consumer = new Consumer<LearnJob>({
    redis: `redis://127.0.0.1:${link.port}`,
    // So long that only the watch over the queue can notice.
    redisDeadlineMs: 120_000,
    prefix,
    queue: queueNames.learn,
    schema: learnJobSchema,
    process: 'test',
    concurrency: 1,
    lockDurationMs: 2000,
    stalledIntervalMs: 1000,
    maxStalledCount: 3,
    retryDelayMs: 10,
    jobDeadlineMs: 10_000,
    fetchDeadlineMs: 1000,
    handle: async ({ data }) => {
      taken.resolve(data);
      return null;
    },
    onError: (error) => words.push(error.message),
  });
  const redis = connectRedis(server.url);
  const trees = new JobTrees({ redis, prefix, attempts: 3 });
  try {
    // It waits for jobs: both of its connections are there.
    await expect.poll(() => redis.client('LIST')).toMatch(/ cmd=bzpopmin /);
    link.state = { kind: 'silent' };
    link.open();
    const learn = { runId: 'dead', iteration: 4, weightVersion: 4 };
    await trees.add({ kind: 'iteration', learn, questions: [] });
    expect(await taken.promise).toMatchObject(learn);
    expect(words).toContainEqual(
      expect.stringMatching(/1 jobs wait in learn and none was fetched for 1 s/),
    );
  } finally {
    await trees.close();
    redis.disconnect();
    await consumer.close();
  }
});
