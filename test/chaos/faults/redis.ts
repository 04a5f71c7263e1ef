import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const killed: Fault = {
  name: 'redis-killed',
  kind: 'redis',
  strike: async ({ redis }) => {
    await redis.kill();
    await redis.start();
  },
};

const flushed: Fault = {
  name: 'redis-flushed',
  kind: 'redis',
  strike: async ({ redis }) => {
    await redis.command('FLUSHALL');
  },
};

/** A server without a memory takes the place of the one that died. */
const empty: Fault = {
  name: 'redis-empty',
  kind: 'redis',
  strike: async ({ redis }) => {
    await redis.kill();
    redis.forget();
    await redis.start();
  },
};

/** No room for anything more: every addition fails until there is. */
const full: Fault = {
  name: 'redis-full',
  kind: 'redis',
  strike: async ({ redis }) => {
    await redis.command('CONFIG', 'SET', 'maxmemory', 1024 * 1024);
    await sleep(3000);
    await redis.command('CONFIG', 'SET', 'maxmemory', 0);
  },
};

/** Connections end and new ones are refused. */
const refused: Fault = {
  name: 'redis-refused',
  kind: 'redis',
  strike: async (cluster) => {
    for (const { redis } of cluster.allLinks) redis.state = { kind: 'refused' };
    await sleep(5000);
    for (const { redis } of cluster.allLinks) redis.open();
  },
};

/** The server says nothing to anyone, and then goes on. */
const stopped: Fault = {
  name: 'redis-stopped',
  kind: 'redis',
  strike: async ({ redis }) => {
    redis.signal('SIGSTOP');
    await sleep(5000);
    redis.signal('SIGCONT');
  },
};

export const redisFaults: readonly Fault[] = [killed, flushed, empty, full, refused, stopped];
