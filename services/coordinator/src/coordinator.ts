import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  type FailedJob,
  type JobTrees,
  queueNames,
  type TreePlan,
  type TreeState,
} from '@mgrpo/queues';
import type { RunState } from '@mgrpo/rpc';
import { Broadcast } from '@mgrpo/service';
import type { Logger, Tracer } from '@mgrpo/telemetry';
import { JobFailures, jobName } from './job-failures.ts';
import type { LearnerView } from './learner-view.ts';
import { Outages } from './outages.ts';
import type { RunMetrics, RunPhase } from './run-metrics.ts';
import { dueWork, isFinished, type Progress } from './schedule.ts';
import { TreeTrace } from './tree-trace.ts';

export interface CoordinatorOptions {
  runId: string;
  total: number;
  lag: number;
  evaluateEvery: number;
  trees: JobTrees;
  learner: LearnerView;
  planIteration(iteration: number): TreePlan;
  planEvaluation(version: number): TreePlan;
  /** How often trees are looked at when nothing happens. */
  pollMs: number;
  /** A tree that was lost or failed so often stops the run. */
  maxRebuilds: number;
  /** A job that has failed so often, on two processes where there are two, stops the run. */
  attempts: number;
  /** Live processes that take jobs of a queue. */
  processesOf(queue: string): Promise<number>;
  /** Keeps a failed job with its input; returns where. */
  quarantine(job: FailedJob): Promise<string>;
  /** A tree that has not ended after so long is given up and built anew. */
  iterationDeadlineMs: number;
  /** How long the learner or Redis may be away before the run fails. */
  outageDeadlineMs: number;
  log: Logger;
  metrics: RunMetrics;
  tracer: Tracer;
}

interface Tree {
  plan: TreePlan;
  rootId: string;
  rebuilds: number;
  failures: JobFailures;
  /** By `performance.now()`. */
  addedAtMs: number;
  trace: TreeTrace;
  /** Polls in a row in which its root was not there. */
  missing: number;
}

/**
 * Adds the job trees of the iterations and evaluations in time, and repairs those that were lost.
 *
 * It has no state of its own: what is applied and evaluated the learner says, and which tree stands for an
 * iteration is written in Redis. A coordinator that restarts goes on where the run is.
 */
export class Coordinator {
  readonly states = new Broadcast<RunState>();
  readonly #options: CoordinatorOptions;
  readonly #trees = new Map<string, Tree>();
  readonly #stop = new AbortController();
  readonly #closing = new AbortController();
  readonly #finished: Promise<void>;
  readonly #measured: Promise<void>;
  #phase: RunPhase = 'starting';
  #isPaused = false;
  #backlog = { policy: 0, momentum: 0 };
  #error = '';
  readonly #outages: Outages;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#outages = new Outages(options.outageDeadlineMs, options.log);
    this.#finished = this.#run();
    this.#measured = this.#finished.then(() => this.#measureUntilClosed());
  }

  /** Resolves when the run has finished, failed or was stopped; `phase` tells which. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  get phase(): RunPhase {
    return this.#phase;
  }

  get state(): RunState {
    const { runId, total, learner } = this.#options;
    return {
      runId,
      phase: this.#phase,
      appliedIterations: learner.applied,
      totalIterations: total,
      metricsJson: learner.metricsJson,
      evaluationJson: learner.evaluationJson,
      error: this.#error,
      policySha256: learner.policySha256,
      policyJobs: this.#backlog.policy,
      momentumJobs: this.#backlog.momentum,
    };
  }

  /** What the last round of work met, where the learner or Redis was away; empty when all was well. */
  get outage(): string {
    return this.#outages.reason;
  }

  /** While paused no iteration is added; what is in the queue is done. */
  pause(isPaused: boolean): RunState {
    this.#isPaused = isPaused;
    this.#setPhase(this.#currentPhase());
    return this.state;
  }

  /** Adds no more work, for good; what is in the queue goes on. */
  stop(): RunState {
    if (!['finished', 'halted', 'failed'].includes(this.#phase)) this.#setPhase('stopping');
    this.#stop.abort();
    return this.state;
  }

  async close(): Promise<void> {
    this.stop();
    this.#closing.abort();
    await this.#measured;
    this.states.close();
  }

  /** Tells the watchers that something has changed. */
  publish(): void {
    this.states.publish(this.state);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { learner, pollMs, log } = this.#options;
    try {
      while (!signal.aborted && (learner.isReplaying || !isFinished(this.#progress()))) {
        const changed = learner.changed();
        await this.#outages.through(async () => {
          if (!this.#isPaused && !learner.isReplaying) await this.#advance();
          await this.#measure();
        });
        this.#setPhase(this.#currentPhase());
        const abort = new AbortController();
        const pause = sleep(pollMs, undefined, { signal: AbortSignal.any([signal, abort.signal]) });
        await Promise.race([changed, pause.catch(() => {})]);
        abort.abort();
        this.publish();
      }
      if (!signal.aborted) {
        await this.#outages.through(() => this.#forgetDone());
        this.#setPhase(learner.isHalted ? 'halted' : 'finished');
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#error = messageOf(error);
      log.error({ error: this.#error }, 'run failed');
      this.#setPhase('failed');
    }
  }

  #progress(): Progress {
    const { total, lag, evaluateEvery, learner } = this.#options;
    const { applied, evaluated, isHalted } = learner;
    return { applied, total, lag, evaluateEvery, evaluated, isHalted };
  }

  #currentPhase(): RunPhase {
    if (this.#isPaused) return 'paused';
    return dueWork(this.#progress()).evaluation === undefined ? 'running' : 'evaluating';
  }

  /** Makes sure that everything that is due is in the queue. */
  async #advance(): Promise<void> {
    const { planIteration, planEvaluation } = this.#options;
    const due = dueWork(this.#progress());
    await this.#forgetDone();
    // First, so that a rollout worker serves it first: the iterations behind it wait for it.
    const { evaluation, iterations } = due;
    if (evaluation !== undefined) {
      await this.#ensure(`eval${evaluation}`, () => planEvaluation(evaluation));
    }
    for (const iteration of iterations) {
      await this.#ensure(`${iteration}`, () => planIteration(iteration));
    }
  }

  async #ensure(name: string, makePlan: () => TreePlan): Promise<void> {
    const { trees, tracer } = this.#options;
    const known = this.#trees.get(name);
    if (known !== undefined) return await this.#repair(name, known);
    const plan = makePlan();
    const found = await trees.find(rootQueue(plan), name);
    const trace = new TreeTrace(plan, found, tracer);
    const add = (traceparent: string | null) => trees.add(plan, traceparent);
    const rootId = found?.rootId ?? (await trace.part('add jobs', add));
    this.#trees.set(name, {
      plan,
      rootId,
      rebuilds: 0,
      failures: new JobFailures(),
      addedAtMs: performance.now(),
      missing: 0,
      trace,
    });
  }

  async #repair(name: string, tree: Tree): Promise<void> {
    const { maxRebuilds } = this.#options;
    const state = await this.#stateOf(tree);
    if (state.kind === 'running' || this.#isInHand(tree.plan)) {
      tree.missing = 0;
      return;
    }
    if (state.kind === 'missing') {
      // A root also vanishes when it completes; the learner's word of that may be on its way.
      tree.missing += 1;
      if (tree.missing < 2) return;
      await this.#options.learner.refresh();
      if (this.#isDone(tree.plan) || this.#isInHand(tree.plan)) return;
    }
    const reason = state.kind === 'failed' ? state.reason : 'its jobs are gone from Redis';
    if (state.kind === 'failed' && state.job !== undefined) {
      await this.#stopAtPoison(tree, state.job);
    }
    if (tree.rebuilds >= maxRebuilds) {
      const times = tree.rebuilds + 1;
      const error = new MgrpoError('INTERNAL', `${name} failed ${times} times; last: ${reason}`);
      tree.trace.end({ rebuilds: tree.rebuilds, error: error.message });
      throw error;
    }
    await this.#rebuild(name, tree, reason);
  }

  async #rebuild(name: string, tree: Tree, reason: string): Promise<void> {
    const { trees, log, metrics } = this.#options;
    const old = tree.rootId;
    const rebuild = tree.rebuilds + 1;
    tree.rootId = await tree.trace.part('add jobs', async (traceparent) => {
      log.warn({ tree: name, reason, rebuild }, 'building the jobs anew');
      return await trees.add(tree.plan, traceparent);
    });
    // Only now: a Redis that takes no jobs would otherwise use up the run's tries.
    tree.rebuilds = rebuild;
    metrics.rebuilt();
    tree.addedAtMs = performance.now();
    tree.missing = 0;
    await trees.remove(rootQueue(tree.plan), old);
  }

  /**
   * Counts the tries of a failed job.
   *
   * @throws MgrpoError INTERNAL when it has failed often enough that trying again would only be a loop
   */
  async #stopAtPoison({ failures, rebuilds, trace }: Tree, job: FailedJob): Promise<void> {
    const { attempts, maxRebuilds, processesOf, quarantine } = this.#options;
    const failed = failures.count(job);
    const isProven = failed.processes >= Math.min(2, await processesOf(job.queue));
    const isHopeless = (failed.attempts >= attempts && isProven) || rebuilds >= maxRebuilds;
    if (!isHopeless) return;
    trace.end({ rebuilds, error: job.reason });
    const path = await quarantine(job);
    const times = `${failed.attempts} times on ${failed.processes} processes`;
    throw new MgrpoError(
      'INTERNAL',
      `${jobName(job)} failed ${times}: ${job.reason}; its input is in ${path} of the run folder`,
    );
  }

  /** The queue's word, unless it has said "running" for too long. */
  async #stateOf({ plan, rootId, addedAtMs }: Tree): Promise<TreeState> {
    const { trees, iterationDeadlineMs } = this.#options;
    const state = await trees.state(rootQueue(plan), rootId);
    if (state.kind !== 'running' || performance.now() - addedAtMs < iterationDeadlineMs)
      return state;
    const seconds = Math.round(iterationDeadlineMs / 1000);
    return {
      kind: 'failed',
      reason: `not done after ${seconds} s (deployment.deadlines.iterationMs)`,
    };
  }

  /** Jobs that were in the queue when the last work was added still run, and scalers must see them end. */
  async #measureUntilClosed(): Promise<void> {
    const { signal } = this.#closing;
    const { pollMs, log } = this.#options;
    try {
      while (!signal.aborted) {
        await this.#outages.through(() => this.#measure());
        await sleep(pollMs, undefined, { signal }).catch(() => {});
      }
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the queue is measured no longer');
    }
  }

  /** What scalers look at; rollout services at zero replicas could not export it themselves. */
  async #measure(): Promise<void> {
    const { trees, metrics, learner, total } = this.#options;
    metrics.progress(learner.applied, total, learner.evaluated.size, Date.now());
    for (const role of ['policy', 'momentum'] as const) {
      const jobs = await trees.backlog(queueNames[role]);
      metrics.queue(role, jobs, Date.now());
      this.#backlog[role] = jobs.waiting + jobs.active;
    }
    metrics.redis(await trees.memory());
  }

  /** A batch that the learner holds until an earlier iteration is applied needs no jobs. */
  #isInHand(plan: TreePlan): boolean {
    return plan.kind === 'iteration' && this.#options.learner.pending.has(plan.learn.iteration);
  }

  #isDone(plan: TreePlan): boolean {
    const { applied, evaluated } = this.#options.learner;
    return plan.kind === 'iteration'
      ? plan.learn.iteration < applied
      : evaluated.has(plan.evaluate.version);
  }

  async #forgetDone(): Promise<void> {
    for (const [name, tree] of this.#trees) {
      if (!this.#isDone(tree.plan)) continue;
      this.#trees.delete(name);
      tree.trace.end({ rebuilds: tree.rebuilds });
      await this.#options.trees.remove(rootQueue(tree.plan), tree.rootId, name);
    }
  }

  #setPhase(phase: RunPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#options.metrics.phase(phase);
    this.publish();
  }
}

function rootQueue(plan: TreePlan): 'learn' | 'evaluate' {
  return plan.kind === 'iteration' ? 'learn' : 'evaluate';
}
