import { randomBytes } from 'node:crypto';
import { messageOf } from '@mgrpo/errors';
import { type FlowJob, FlowProducer, type Job, type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { childPayloads } from './child-payloads.ts';
import { type FailedJob, failedJob } from './failed-job.ts';
import {
  type EvaluateJob,
  jobFormat,
  type LearnJob,
  type PayloadRef,
  type QueueName,
  queueNames,
  type RolloutJob,
  traceKey,
  type VoteJob,
} from './jobs.ts';
import { redisNowMs } from './redis.ts';

/** What one iteration (or evaluation) needs done, from the leaves to the root. */
export type TreePlan =
  | {
      kind: 'iteration';
      learn: LearnJob;
      questions: readonly { vote: VoteJob; rollouts: readonly RolloutJob[] }[];
    }
  | { kind: 'evaluation'; evaluate: EvaluateJob; rollouts: readonly RolloutJob[] };

export type TreeState =
  | { kind: 'running' }
  | { kind: 'missing' }
  /** `job`: the one at the bottom of it; none where the tree merely took too long. */
  | { kind: 'failed'; reason: string; job?: FailedJob };

/** How many jobs of a queue are in which state. */
export interface QueueOverview {
  queue: QueueName;
  waiting: number;
  active: number;
  /** Put off until later. */
  delayed: number;
  /** Waiting for their children. */
  blocked: number;
  failed: number;
}

/** A job that a process holds. */
export interface ActiveJob {
  queue: QueueName;
  id: string;
  process: string;
  /** For how long. */
  seconds: number;
}

/** A tree that is in Redis already. */
export interface FoundTree {
  rootId: string;
  addedAtMs: number;
  /** As it was added with. */
  traceparent: string | null;
}

export interface JobTreesOptions {
  redis: Redis;
  prefix: string;
  /** How often a job is tried before it counts as failed. */
  attempts: number;
}

/**
 * The job trees of a run: `learn(t)` <- `vote(t, question)` <- `rollout(t, prompt, role, part)`.
 *
 * BullMQ does the fan-in; it is transport, not truth. Job ids carry a rebuild epoch because BullMQ can't repair
 * a tree: one whose rollouts completed and lost their payload never runs again, and a failed one stays failed.
 * To repair, add the tree under a new epoch; whoever has a payload already returns its hash at once.
 */
export class JobTrees {
  readonly #options: JobTreesOptions;
  readonly #flow: FlowProducer;
  readonly #queues: ReadonlyMap<QueueName, Queue>;
  // Another coordinator's trees (before a restart) can't have our ids.
  readonly #incarnation = randomBytes(4).toString('hex');
  #epoch = 0;

  constructor(options: JobTreesOptions) {
    this.#options = options;
    const { redis: connection, prefix } = options;
    this.#flow = new FlowProducer({ connection, prefix });
    this.#queues = new Map(
      Object.values(queueNames).map((name) => [
        name,
        // Nobody reads the events stream: keep it short.
        new Queue(name, { connection, prefix, streams: { events: { maxLen: 100 } } }),
      ]),
    );
  }

  /**
   * Adds the tree, atomically, under a new epoch; returns the id of its root.
   *
   * `traceparent`: what the spans of its jobs are part of, if anything.
   */
  async add(plan: TreePlan, traceparent: string | null = null): Promise<string> {
    this.#epoch += 1;
    // Of Redis's clock: a coordinator whose clock is wrong must not make jobs look old.
    const addedAtMs = await redisNowMs(this.#options.redis);
    const id = `${treeName(plan)}.${this.#incarnation}${this.#epoch}`;
    const tree =
      plan.kind === 'iteration'
        ? this.#iterationTree(plan, id, addedAtMs)
        : this.#evaluationTree(plan, id, addedAtMs);
    await this.#flow.add(traceparent === null ? tree : traced(tree, traceparent));
    await this.#options.redis.hset(this.#treesKey, treeName(plan), id);
    return id;
  }

  /** The newest tree under this name, also one that an earlier coordinator added. */
  async find(queue: 'learn' | 'evaluate', name: string): Promise<FoundTree | undefined> {
    const rootId = await this.#options.redis.hget(this.#treesKey, name);
    if (rootId === null) return undefined;
    const root = await this.#queues.get(queue)!.getJob(rootId);
    const traceparent: unknown = root?.data?.[traceKey];
    return {
      rootId,
      addedAtMs: root?.timestamp ?? Date.now(),
      traceparent: typeof traceparent === 'string' ? traceparent : null,
    };
  }

  /** Whether a tree can still complete: a lost or failed one needs a new epoch. */
  async state(queue: 'learn' | 'evaluate', rootId: string): Promise<TreeState> {
    const root = await this.#queues.get(queue)!.getJob(rootId);
    if (root === undefined) return { kind: 'missing' };
    // A failed lone child leaves its parent waiting (measured), so the children are looked at too; and first,
    // because a parent only says that a child failed.
    for (const name of [queueNames.policy, queueNames.momentum, queueNames.vote]) {
      const failed = await this.#queues.get(name)!.getFailed(0, 100);
      const ours = failed.find((job) => job.id?.startsWith(`${rootId}.`));
      if (ours !== undefined) return failedState(ours);
    }
    return (await root.isFailed()) ? failedState(root) : { kind: 'running' };
  }

  /** Removes what is left of a tree; jobs that a worker holds stay until they end. */
  async remove(
    queue: 'learn' | 'evaluate',
    rootId: string,
    name?: string,
  ): Promise<string | undefined> {
    if (name !== undefined) await this.#options.redis.hdel(this.#treesKey, name);
    const root = await this.#queues.get(queue)!.getJob(rootId);
    try {
      await root?.remove({ removeChildren: true });
      await this.#removeFailed(rootId);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Waiting and active jobs of a queue: what a scaler looks at. */
  async backlog(queue: QueueName): Promise<{ waiting: number; active: number }> {
    const counts = await this.#queues
      .get(queue)!
      .getJobCounts('wait', 'prioritized', 'delayed', 'active');
    const { wait = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
    return { waiting: wait + prioritized + delayed, active };
  }

  /** Every queue's jobs by state, and who holds those that are worked on (the first hundred of each queue). */
  async overview(): Promise<{ queues: QueueOverview[]; activeJobs: ActiveJob[] }> {
    const looks = [...this.#queues].map(async ([name, queue]) => {
      const states = [
        'wait',
        'prioritized',
        'active',
        'delayed',
        'waiting-children',
        'failed',
      ] as const;
      const counts = await queue.getJobCounts(...states);
      const active = await queue.getActive(0, 99);
      const { wait = 0, prioritized = 0, failed = 0, delayed = 0 } = counts;
      return {
        queue: {
          queue: name,
          waiting: wait + prioritized,
          active: counts.active ?? 0,
          delayed,
          blocked: counts['waiting-children'] ?? 0,
          failed,
        },
        jobs: active.map((job) => ({
          queue: name,
          id: job.id ?? '',
          process: job.processedBy ?? '',
          seconds: Math.max(0, Date.now() - (job.processedOn ?? Date.now())) / 1000,
        })),
      };
    });
    const found = await Promise.all(looks);
    return {
      queues: found.map(({ queue }) => queue),
      activeJobs: found.flatMap(({ jobs }) => jobs),
    };
  }

  /** What the children of a failed job returned: with its data, its input. */
  async childrenOf({ queue, id }: FailedJob): Promise<PayloadRef[]> {
    const job = await this.#queues.get(queue as QueueName)?.getJob(id);
    return job === undefined ? [] : await childPayloads(job);
  }

  /** Redis's memory in bytes: what it uses, and its `maxmemory`, or the machine's memory where it has none. */
  async memory(): Promise<{ usedBytes: number; maxBytes: number }> {
    const info = await this.#options.redis.info('memory');
    const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    const maxBytes = field('maxmemory') || field('total_system_memory');
    return { usedBytes: field('used_memory'), maxBytes };
  }

  async close(): Promise<void> {
    await Promise.all([this.#flow.close(), ...[...this.#queues.values()].map((q) => q.close())]);
  }

  get #treesKey(): string {
    return `${this.#options.prefix}:trees`;
  }

  async #removeFailed(rootId: string): Promise<void> {
    for (const queue of this.#queues.values()) {
      const failed = await queue.getFailed(0, 100);
      const ours = failed.filter((job: Job) => job.id?.startsWith(`${rootId}.`));
      await Promise.all(ours.map((job) => job.remove()));
    }
  }

  #iterationTree(plan: TreePlan & { kind: 'iteration' }, id: string, addedAtMs: number): FlowJob {
    const children = plan.questions.map(({ vote, rollouts }, question) => ({
      ...this.#job(queueNames.vote, vote, { jobId: `${id}.${question}`, addedAtMs, isChild: true }),
      children: this.#rolloutJobs(rollouts, `${id}.${question}`, addedAtMs),
    }));
    return {
      ...this.#job(queueNames.learn, plan.learn, { jobId: id, addedAtMs, isChild: false }),
      children,
    };
  }

  #evaluationTree(plan: TreePlan & { kind: 'evaluation' }, id: string, addedAtMs: number): FlowJob {
    const children = this.#rolloutJobs(plan.rollouts, id, addedAtMs);
    const job = this.#job(queueNames.evaluate, plan.evaluate, {
      jobId: id,
      addedAtMs,
      isChild: false,
    });
    return { ...job, children };
  }

  #rolloutJobs(rollouts: readonly RolloutJob[], parentId: string, addedAtMs: number) {
    return rollouts.map((rollout, part) =>
      this.#job(queueNames[rollout.role], rollout, {
        jobId: `${parentId}.${rollout.role}.${part}`,
        addedAtMs,
        isChild: true,
      }),
    );
  }

  #job(
    queueName: QueueName,
    data: object,
    { jobId, addedAtMs, isChild }: { jobId: string; addedAtMs: number; isChild: boolean },
  ) {
    const opts: JobsOptions = {
      jobId,
      timestamp: addedAtMs,
      attempts: this.#options.attempts,
      removeOnComplete: true,
      ...(isChild ? { failParentOnFailure: true } : {}),
    };
    return {
      name: queueName,
      queueName,
      data: { format: jobFormat, ...data },
      prefix: this.#options.prefix,
      opts,
    };
  }
}

/** The tree with the traceparent in each of its jobs. */
function traced(tree: FlowJob, traceparent: string): FlowJob {
  const data = { ...tree.data, [traceKey]: traceparent };
  const children = tree.children?.map((child) => traced(child, traceparent));
  return { ...tree, data, ...(children === undefined ? {} : { children }) };
}

function failedState(job: Job): TreeState {
  const failed = failedJob(job);
  return { kind: 'failed', reason: failed.reason, job: failed };
}

/** The name of a tree, whatever its epoch; the prefix names the run. */
function treeName(plan: TreePlan): string {
  return plan.kind === 'iteration' ? `${plan.learn.iteration}` : `eval${plan.evaluate.version}`;
}

/**
 * The BullMQ prefix of a run; the braces put all keys of a flow in one slot of a Redis cluster.
 *
 * @example queuePrefix('{mgrpo}', '4f2a') // -> '{mgrpo.4f2a}'
 */
export function queuePrefix(prefix: string, runId: string): string {
  return prefix.replace('}', `.${runId}}`);
}
