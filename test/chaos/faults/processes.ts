import { setTimeout as sleep } from 'node:timers/promises';
import { faultPoints } from '@mgrpo/faults';
import type { Cluster } from '../cluster.ts';
import type { Fault } from '../fault.ts';

const services = ['learner', 'coordinator', 'policy-rollout', 'momentum-rollout', 'voter'] as const;

/** One process of a service dies. */
const kills: Fault[] = services.map((service) => ({
  name: `kill-${service}`,
  kind: 'process',
  strike: async (cluster, random) => {
    await cluster.kill(random.pick(cluster.namesOf(service)));
  },
}));

/** All workers of a role die at once. */
const killsOfAll: Fault[] = (['policy-rollout', 'momentum-rollout'] as const).map((service) => ({
  name: `kill-all-${service}`,
  kind: 'process',
  strike: async (cluster) => {
    await Promise.all(cluster.namesOf(service).map((name) => cluster.kill(name)));
  },
}));

/** The learner dies exactly where it hurts. */
const killsAtPoints: Fault[] = faultPoints.map((point) => ({
  name: `kill-learner-${point}`,
  kind: 'process',
  strike: async (cluster) => ((await cluster.killAt(point)) ? undefined : 'missed'),
}));

/**
 * A process is stopped for longer than its jobs' locks last, and goes on as if nothing had happened: a zombie
 * that finishes what others have done by then.
 */
const stops: Fault[] = services.map((service) => ({
  name: `stop-${service}`,
  kind: 'process',
  strike: async (cluster, random) => {
    const name = random.pick(cluster.namesOf(service));
    await cluster.signal(name, 'SIGSTOP');
    await sleep(1.8 * cluster.config.deployment.jobs.lockDurationMs);
    await cluster.signal(name, 'SIGCONT');
  },
}));

/** Every process ends by SIGTERM and another takes its place, one after the other. */
const rollingRestart: Fault = {
  name: 'rolling-restart',
  kind: 'process',
  strike: async (cluster) => {
    for (const name of cluster.names) await cluster.kill(name, 'SIGTERM');
  },
};

/** One worker of each role, then four, then two again. */
const scale: Fault = {
  name: 'scale-workers',
  kind: 'process',
  strike: async (cluster) => {
    const more = ['policy-rollout', 'momentum-rollout'].flatMap((service) =>
      [2, 3, 4].map((number) => `${service}-${number}`),
    );
    await stopAll(cluster, ['policy-rollout-2', 'momentum-rollout-2']);
    await cluster.iterationsPass(1);
    for (const name of more) await cluster.start(name);
    for (const name of more) await cluster.ready(name);
    await cluster.iterationsPass(1);
    await stopAll(
      cluster,
      more.filter((name) => !name.endsWith('-2')),
    );
  },
};

async function stopAll(cluster: Cluster, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => cluster.stop(name)));
}

export const processFaults: readonly Fault[] = [
  ...kills,
  ...killsOfAll,
  ...killsAtPoints,
  ...stops,
  rollingRestart,
  scale,
];
