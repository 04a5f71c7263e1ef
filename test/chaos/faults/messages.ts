import { setTimeout as sleep } from 'node:timers/promises';
import { queueNames } from '@mgrpo/queues';
import type { Cluster } from '../cluster.ts';
import type { Fault } from '../fault.ts';

const jobQueues = [queueNames.policy, queueNames.momentum, queueNames.vote, queueNames.learn];

/** How long messages are tampered with. */
const tamperMs = 3000;

/** Every job that somebody works on is put into the queue once more. */
const twice: Fault = {
  name: 'jobs-twice',
  kind: 'messages',
  strike: async (cluster) => {
    const again = new Set<string>();
    await whileTampering(async () => {
      for (const active of await queueKeys(cluster, 'active')) {
        const ids = (await cluster.redis.command('LRANGE', active, 0, -1)) as string[];
        for (const id of ids.filter((each) => !again.has(each))) {
          again.add(id);
          await cluster.redis.command('LPUSH', active.replace(/active$/, 'wait'), id);
        }
      }
    });
    return again.size === 0 ? 'missed' : undefined;
  },
};

/** Jobs are served, and so results come, in another order. */
const shuffled: Fault = {
  name: 'jobs-out-of-order',
  kind: 'messages',
  strike: async (cluster, random) => {
    await whileTampering(async () => {
      for (const wait of await queueKeys(cluster, 'wait')) {
        for (let n = random.below(5); n >= 0; n--) {
          await cluster.redis.command('RPOPLPUSH', wait, wait);
        }
      }
    });
  },
};

/** A byte of a payload changes while it waits in Redis. */
const corrupted: Fault = {
  name: 'payload-corrupted',
  kind: 'messages',
  strike: async (cluster, random) => {
    const key = await somePayload(cluster);
    if (key === undefined) return 'missed';
    const length = Number(await cluster.redis.command('STRLEN', key));
    // Of what it says, not of the checksum before it.
    const place = 32 + random.below(Math.max(1, length - 32));
    await cluster.redis.command('SETRANGE', key, place, '\u0007');
  },
};

/** A worker sleeps over several iterations, and wakes with weights that nobody asks for any more. */
const oldWeights: Fault = {
  name: 'worker-with-old-weights',
  kind: 'messages',
  strike: async (cluster, random) => {
    const name = random.pick(cluster.namesOf('policy-rollout'));
    await cluster.signal(name, 'SIGSTOP');
    await cluster.iterationsPass(3);
    await cluster.signal(name, 'SIGCONT');
  },
};

/** The key of a rollout payload that waits in Redis; none comes after the run's end. */
async function somePayload(cluster: Cluster): Promise<string | undefined> {
  while (!cluster.isOver) {
    const keys = (await cluster.redis.command('KEYS', 'mgrpo:*:train:*')) as string[];
    if (keys.length > 0) return keys.toSorted()[0];
  }
  return undefined;
}

async function whileTampering(tamper: () => Promise<void>): Promise<void> {
  const end = performance.now() + tamperMs;
  while (performance.now() < end) {
    await tamper();
    await sleep(10);
  }
}

/** The lists of waiting or active jobs, of every queue that has one now. */
async function queueKeys({ redis }: Cluster, state: 'wait' | 'active'): Promise<string[]> {
  const patterns = jobQueues.map((queue) => `*:${queue}:${state}`);
  const found = await Promise.all(patterns.map((pattern) => redis.command('KEYS', pattern)));
  return (found as string[][]).flat();
}

export const messageFaults: readonly Fault[] = [twice, shuffled, corrupted, oldWeights];
