import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, openRedis, type RedisServer } from '@mgrpo/queues';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let server: RedisServer;
beforeAll(async () => {
  workspace = await makeWorkspace();
  server = await openRedis({
    url: null,
    folder: join(workspace.folder, 'redis'),
    tell: () => {},
    searchPath: process.env.PATH ?? '',
  });
});
afterAll(async () => {
  await server.close();
  workspace.remove();
});

/** From iteration 2 on every vote is asked for by a job that no voter understands, unless it is done before. */
async function tamper(redis: ReturnType<typeof connectRedis>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const keys = await redis.keys('{mgrpo.*}:vote:*.*');
    for (const key of keys.filter((each) => /:(?!0|1\.)\d+\.\w+\.\d+$/.test(each))) {
      // Not a job that has gone meanwhile: this would make a part of it anew.
      if ((await redis.hexists(key, 'data')) === 1) await redis.hset(key, 'data', '{"poison":1}');
    }
    await sleep(5);
  }
}

it('a job that nobody can do stops the run, and is kept with its input', async () => {
  const redis = connectRedis(server.url);
  const over = new AbortController();
  const tampering = tamper(redis, over.signal);
  const runFolder = join(workspace.folder, 'poisoned');
  const trained = trainSmall({
    runFolder,
    base: workspace.base,
    redisUrl: server.url,
    set: ['iterations=10000', 'deployment.workers.voter=2', 'deployment.jobs.attempts=2'],
  });
  await expect(trained).rejects.toThrow(
    /(vote-\d+) failed \d+ times on [12] processes: INVALID_MESSAGE: .*; its input is in quarantine\/\1\.json/s,
  );
  over.abort();
  await tampering;
  redis.disconnect();
  const folder = join(runFolder, 'quarantine');
  const files = readdirSync(folder);
  expect(files).toEqual([expect.stringMatching(/^vote-\d+\.json$/)]);
  const kept = JSON.parse(readFileSync(join(folder, files[0]!), 'utf8'));
  expect(kept).toMatchObject({ queue: 'vote', data: { poison: 1 } });
  expect(kept.attempts[0]).toMatchObject({ code: 'INVALID_MESSAGE' });
  const policy = kept.inputs.filter(({ key }: { key: string }) => key.includes(':policy:'));
  expect(policy.length).toBeGreaterThan(0);
  expect(policy[0].base64.length).toBeGreaterThan(100);
});
