import type { FoundTree, TreePlan } from '@mgrpo/queues';
import type { Tracer } from '@mgrpo/telemetry';

/**
 * The trace of one iteration or evaluation.
 *
 * Its root span outlives what may begin it: the coordinator that adds the jobs can be killed. So the root's context
 * is chosen first and lies in the jobs, where a later coordinator finds it, and the root is written by the
 * coordinator that sees the learner's word that it is done. Jobs that are built anew stay in the trace.
 */
export class TreeTrace {
  readonly #plan: TreePlan;
  readonly #tracer: Tracer;
  readonly #startedAtMs: number;
  /** Of the root span; null where nothing is traced. */
  readonly #traceparent: string | null;

  /** `found`: the tree as an earlier coordinator added it. */
  constructor(plan: TreePlan, found: FoundTree | undefined, tracer: Tracer) {
    this.#plan = plan;
    this.#tracer = tracer;
    this.#startedAtMs = found?.addedAtMs ?? Date.now();
    this.#traceparent = found?.traceparent ?? tracer.newTrace();
  }

  /** Does a part of the coordinator's own; `work` gets the context of the root, for jobs. */
  async part<T>(name: string, work: (traceparent: string | null) => Promise<T>): Promise<T> {
    const { iteration } = this.#subject;
    const options = { iteration, parent: this.#traceparent };
    return await this.#tracer.span(name, options, () => work(this.#traceparent));
  }

  /** Writes the root span. */
  end({ rebuilds, error }: { rebuilds: number; error?: string }): void {
    if (this.#traceparent === null) return;
    const { iteration, version } = this.#subject;
    this.#tracer.record(this.#plan.kind, {
      traceparent: this.#traceparent,
      startedAtMs: this.#startedAtMs,
      iteration,
      attributes: { version, rebuilds },
      error,
    });
  }

  get #subject(): { iteration: number | undefined; version: number } {
    return this.#plan.kind === 'iteration'
      ? { iteration: this.#plan.learn.iteration, version: this.#plan.learn.weightVersion }
      : { iteration: undefined, version: this.#plan.evaluate.version };
  }
}
