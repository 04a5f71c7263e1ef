import { setTimeout as sleep } from 'node:timers/promises';
import { deploymentSchema, type RunConfig } from '@mgrpo/config';
import type { JobTrees, livingServices } from '@mgrpo/queues';
import type { RunStatus } from '@mgrpo/rpc';
import type { Coordinator } from './coordinator.ts';
import type { LearnerView } from './learner-view.ts';

export interface RunStatusOptions {
  coordinator: Coordinator;
  learner: LearnerView;
  trees: JobTrees;
  /** The signs of life of the run's processes. */
  living(): ReturnType<typeof livingServices>;
  deadlines: RunConfig['deployment']['deadlines'];
}

/** Redis that does not answer a person within this is said not to answer. */
const redisPatienceMs = 1000;

/** Who waits for whom. Answers also when the learner or Redis does not. */
export async function runStatus(options: RunStatusOptions): Promise<RunStatus> {
  const { coordinator, learner, deadlines } = options;
  const fromRedis = await Promise.race([
    lookIntoRedis(options).catch(() => undefined),
    sleep(redisPatienceMs, undefined),
  ]);
  const defaults = deploymentSchema.parse({}).deadlines;
  return {
    run: coordinator.state,
    learner: learner.state,
    learnerConnected: learner.isConnected,
    outage: coordinator.outage,
    redisAnswers: fromRedis !== undefined,
    ...fromRedis,
    deadlines: Object.entries(deadlines).map(([name, valueMs]) => ({
      name,
      valueMs,
      defaultMs: defaults[name as keyof typeof defaults],
    })),
  };
}

async function lookIntoRedis({ trees, living }: RunStatusOptions) {
  const [services, { queues, activeJobs }] = await Promise.all([living(), trees.overview()]);
  return { services, queues, activeJobs };
}
