import { randomBytes } from 'node:crypto';
import { messageOf } from '@mgrpo/errors';
import { type FlowJob, FlowProducer, type Job, type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import {
  type EvaluateJob,
  type LearnJob,
  type QueueName,
  queueNames,
  type RolloutJob,
  traceKey,
  type VoteJob,
} from './jobs.ts';

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
  | { kind: 'failed'; reason: string };

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
  /** First pause between tries; doubles. */
  retryDelayMs: number;
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
    const id = `${treeName(plan)}.${this.#incarnation}${this.#epoch}`;
    const tree =
      plan.kind === 'iteration' ? this.#iterationTree(plan, id) : this.#evaluationTree(plan, id);
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
    if (await root.isFailed()) return { kind: 'failed', reason: root.failedReason ?? 'unknown' };
    // A failed lone child leaves its parent waiting (measured), so the children are looked at too.
    for (const name of [queueNames.policy, queueNames.momentum, queueNames.vote]) {
      const failed = await this.#queues.get(name)!.getFailed(0, 100);
      const ours = failed.find((job) => job.id?.startsWith(`${rootId}.`));
      if (ours !== undefined) return { kind: 'failed', reason: ours.failedReason ?? 'unknown' };
    }
    return { kind: 'running' };
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

  #iterationTree(plan: TreePlan & { kind: 'iteration' }, id: string): FlowJob {
    const children = plan.questions.map(({ vote, rollouts }, question) => ({
      ...this.#job(queueNames.vote, vote, `${id}.${question}`, true),
      children: this.#rolloutJobs(rollouts, `${id}.${question}`),
    }));
    return { ...this.#job(queueNames.learn, plan.learn, id, false), children };
  }

  #evaluationTree(plan: TreePlan & { kind: 'evaluation' }, id: string): FlowJob {
    const children = this.#rolloutJobs(plan.rollouts, id);
    return { ...this.#job(queueNames.evaluate, plan.evaluate, id, false), children };
  }

  #rolloutJobs(rollouts: readonly RolloutJob[], parentId: string) {
    return rollouts.map((rollout, part) =>
      this.#job(queueNames[rollout.role], rollout, `${parentId}.${rollout.role}.${part}`, true),
    );
  }

  #job(queueName: QueueName, data: object, jobId: string, isChild: boolean) {
    const opts: JobsOptions = {
      jobId,
      attempts: this.#options.attempts,
      backoff: { type: 'exponential', delay: this.#options.retryDelayMs },
      removeOnComplete: true,
      ...(isChild ? { failParentOnFailure: true } : {}),
    };
    return { name: queueName, queueName, data, prefix: this.#options.prefix, opts };
  }
}

/** The tree with the traceparent in each of its jobs. */
function traced(tree: FlowJob, traceparent: string): FlowJob {
  const data = { ...tree.data, [traceKey]: traceparent };
  const children = tree.children?.map((child) => traced(child, traceparent));
  return { ...tree, data, ...(children === undefined ? {} : { children }) };
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
