import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import type { Fault } from '../fault.ts';
import { NetworkNamespace, whyNoNamespace } from '../network-namespace.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { TcpProxy } from '../tcp-proxy.ts';

/** How long a broken link stays so. */
const brokenMs = 5000;

const workerOf = (cluster: Cluster, random: SeededRandom) =>
  random.pick([...cluster.namesOf('policy-rollout'), ...cluster.namesOf('momentum-rollout')]);

/** Every connection to the learner ends while weights are on their way. */
const cutLearner: Fault = {
  name: 'cut-learner-links',
  kind: 'network',
  strike: async (cluster, random) => {
    const watched = cluster.links(workerOf(cluster, random)).learner;
    const before = watched.bytes;
    await cluster.until('weights flow', () => cluster.isOver || watched.bytes > before);
    for (const { learner } of cluster.allLinks) learner.cut();
  },
};

const cutRedis: Fault = {
  name: 'cut-redis-links',
  kind: 'network',
  strike: async (cluster) => {
    for (const { redis } of cluster.allLinks) redis.cut();
  },
};

/** Every piece takes its time, to the learner and to Redis. */
const slow: Fault = {
  name: 'slow-links',
  kind: 'network',
  strike: async (cluster) => {
    const links = cluster.allLinks.flatMap(({ learner, redis }) => [learner, redis]);
    for (const link of links) link.state = { kind: 'open', delayMs: 40 };
    await sleep(brokenMs);
    for (const link of links) link.open();
  },
};

function brokenLink(
  name: string,
  linkOf: (cluster: Cluster, random: SeededRandom) => TcpProxy,
  kind: 'refused' | 'silent',
): Fault {
  return {
    name,
    kind: 'network',
    strike: async (cluster, random) => {
      const link = linkOf(cluster, random);
      link.state = { kind };
      await sleep(brokenMs);
      link.open();
    },
  };
}

/** Longer than gRPC's keepalive (15 s) and Redis's deadlines: every connection is given up, on both sides. */
const partitionMs = 17_000;

/**
 * A worker in a network of its own loses the way to everyone, Redis included, and has it again: packets vanish, and
 * connections that are open hear nothing of it.
 */
const partition: Fault = {
  name: 'partition-worker-kernel',
  kind: 'network',
  missing: whyNoNamespace,
  strike: async (cluster, random) => {
    const name = workerOf(cluster, random);
    await cluster.stop(name);
    const namespace = NetworkNamespace.open();
    try {
      await cluster.start(name, { namespace });
      await cluster.ready(name);
      await cluster.iterationsPass(1);
      if (cluster.isOver) return 'missed';
      namespace.cut();
      await sleep(partitionMs);
      const links = Object.values(cluster.links(name));
      const before = links.map(({ bytes }) => bytes);
      namespace.mend();
      const isBack = () => links.every(({ bytes }, i) => bytes > before[i]!);
      await cluster.until('it is back', () => cluster.isOver || isBack());
      await cluster.stop(name);
      await cluster.start(name);
      await cluster.ready(name);
      return undefined;
    } finally {
      namespace.close();
    }
  },
};

const learnerLink = (cluster: Cluster, random: SeededRandom) =>
  cluster.links(workerOf(cluster, random)).learner;

export const networkFaults: readonly Fault[] = [
  cutLearner,
  cutRedis,
  slow,
  partition,
  brokenLink('partition-worker-learner', learnerLink, 'refused'),
  brokenLink('half-open-worker-learner', learnerLink, 'silent'),
  brokenLink(
    'half-open-worker-redis',
    (cluster, random) => cluster.links(workerOf(cluster, random)).redis,
    'silent',
  ),
  brokenLink('half-open-learner-redis', (cluster) => cluster.links('learner').redis, 'silent'),
  brokenLink(
    'half-open-coordinator-learner',
    (cluster) => cluster.links('coordinator').learner,
    'silent',
  ),
  brokenLink(
    'half-open-coordinator-redis',
    (cluster) => cluster.links('coordinator').redis,
    'silent',
  ),
];
