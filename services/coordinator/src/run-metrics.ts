import { createMetrics, metricDefinitions, type Registry } from '@mgrpo/telemetry';
import { SmoothedBacklog } from './smoothed-backlog.ts';

export type RunPhase = (typeof metricDefinitions.runPhase.labels.phase)[number];

const phases = metricDefinitions.runPhase.labels.phase;
const roles = ['policy', 'momentum'] as const;

/** Phases in which the queue is filled again after each iteration. */
const busyPhases: ReadonlySet<RunPhase> = new Set(['starting', 'running', 'evaluating']);

/** The longest of so many intervals tells how long a step forward takes: evaluations are slower than iterations. */
const intervalsKept = 10;

/** The run as the coordinator sees it, as metrics. */
export class RunMetrics {
  readonly #metrics;
  readonly #backlogs = { policy: new SmoothedBacklog(), momentum: new SmoothedBacklog() };
  #phase: RunPhase = 'starting';
  #applied: number | undefined;
  #steps = 0;
  #steppedAtMs = Date.now();
  #intervals: readonly number[] = [];

  constructor(registry: Registry) {
    this.#metrics = createMetrics(registry, [
      'runPhase',
      'runIterations',
      'runProgress',
      'runInterval',
      'learnerConnected',
      'rebuilds',
      'backlog',
      'pendingJobs',
      'redisUsedBytes',
      'redisMaxBytes',
    ]);
    this.#metrics.runInterval.set(0);
    this.#metrics.runProgress.set(this.#steppedAtMs / 1000);
    this.phase('starting');
  }

  phase(current: RunPhase): void {
    this.#phase = current;
    for (const phase of phases) this.#metrics.runPhase.set({ phase }, phase === current ? 1 : 0);
  }

  learner(isConnected: boolean): void {
    this.#metrics.learnerConnected.set(isConnected ? 1 : 0);
  }

  rebuilt(): void {
    this.#metrics.rebuilds.inc();
  }

  /** How far the run is; called at least once between two iterations. */
  progress(applied: number, total: number, numEvaluations: number, nowMs: number): void {
    const { runIterations, runProgress, runInterval } = this.#metrics;
    runIterations.set({ state: 'applied' }, applied);
    runIterations.set({ state: 'planned' }, total);
    if (this.#applied !== undefined && applied > this.#applied) {
      for (const role of roles) this.#backlogs[role].next();
    }
    const steps = applied + numEvaluations;
    if (this.#applied !== undefined && steps > this.#steps) {
      const interval = (nowMs - this.#steppedAtMs) / 1000;
      this.#intervals = [...this.#intervals, interval].slice(-intervalsKept);
      this.#steppedAtMs = nowMs;
      runProgress.set(nowMs / 1000);
      runInterval.set(Math.max(...this.#intervals));
    }
    this.#applied = applied;
    this.#steps = steps;
  }

  /** Jobs of a role's queue now. Without work to come the backlog is what is there, not what was. */
  queue(
    role: 'policy' | 'momentum',
    { waiting, active }: { waiting: number; active: number },
    nowMs: number,
  ): void {
    const { pendingJobs, backlog } = this.#metrics;
    pendingJobs.set({ role, state: 'waiting' }, waiting);
    pendingJobs.set({ role, state: 'active' }, active);
    if (!busyPhases.has(this.#phase)) this.#backlogs[role].reset();
    this.#backlogs[role].measure(waiting + active, nowMs);
    backlog.set({ role }, this.#backlogs[role].value);
  }

  redis({ usedBytes, maxBytes }: { usedBytes: number; maxBytes: number }): void {
    this.#metrics.redisUsedBytes.set(usedBytes);
    this.#metrics.redisMaxBytes.set(maxBytes);
  }
}
