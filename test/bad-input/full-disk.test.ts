import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openRedis, type RedisServer } from '@mgrpo/queues';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
if (!isRoot) console.log('full disk: mounting a small file system needs root on Linux; skipped');

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let redis: RedisServer;
let disk: string;

describe.skipIf(!isRoot)('a disk that fills while a run checkpoints', () => {
  beforeAll(async () => {
    workspace = await makeWorkspace();
    disk = join(workspace.folder, 'disk');
    mkdirSync(disk);
    redis = await openRedis({
      url: null,
      folder: join(workspace.folder, 'redis'),
      tell: () => {},
      searchPath: process.env.PATH ?? '',
    });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk]);
  });

  afterAll(async () => {
    execFileSync('umount', ['-l', disk]);
    await redis.close();
    workspace.remove();
  });

  it('stops the run with one error, and the run goes on to the same bits when there is space', async () => {
    const { base, folder } = workspace;
    const undisturbed = await trainSmall({ runFolder: join(folder, 'undisturbed'), base });
    const run = { runFolder: join(disk, 'run'), base, redisUrl: redis.url };
    await expect(trainSmall(run)).rejects.toMatchObject({
      code: 'RESOURCE',
      message: expect.stringMatching(/learner: .*(full|space)/),
    });
    execFileSync('mount', ['-o', 'remount,size=50m', disk]);
    const resumed = await trainSmall(run);
    expect(resumed.policySha256).toBe(undisturbed.policySha256);
    expect(resumed.metrics).toEqual(undisturbed.metrics);
  });
});
