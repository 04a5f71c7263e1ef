import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { connectRedis } from './redis.ts';
import { openRedis, type RedisServer } from './redis-server.ts';

export interface TestRedis {
  readonly server: RedisServer;
  /** Connected to the server. */
  readonly redis: Redis;
  /** Disconnects, stops the server and removes its folder. */
  close(): Promise<void>;
}

/** A private Redis in a folder of its own, for tests. @param deadlineMs of the client's commands */
export async function startRedis(deadlineMs?: number): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-redis-'));
  const searchPath = process.env.PATH ?? '';
  const server = await openRedis({ url: null, folder, tell: () => {}, searchPath });
  const redis = connectRedis(server.url, deadlineMs);
  return {
    server,
    redis,
    close: async () => {
      redis.disconnect();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
