/** A stretch of time, and the integral of the count over it. */
interface Span {
  readonly seconds: number;
  readonly jobSeconds: number;
}

const empty: Span = { seconds: 0, jobSeconds: 0 };

/**
 * The mean over time of a count of jobs: over the iteration that is under way and the two before it.
 *
 * Every iteration ends in a barrier: all its jobs are added at once and none is left while the learner steps. A
 * scaler that followed the count itself would start workers and stop them again in each iteration.
 */
export class SmoothedBacklog {
  #spans: readonly Span[] = [empty];
  #last: { jobs: number; atMs: number } | undefined;

  /** Takes a measurement; between two the count is taken to change evenly. */
  measure(jobs: number, atMs: number): void {
    const last = this.#last ?? { jobs, atMs };
    const seconds = Math.max(0, atMs - last.atMs) / 1000;
    const span = this.#spans.at(-1)!;
    const jobSeconds = span.jobSeconds + (seconds * (jobs + last.jobs)) / 2;
    this.#spans = [...this.#spans.slice(0, -1), { seconds: span.seconds + seconds, jobSeconds }];
    this.#last = { jobs, atMs };
  }

  /** An iteration has ended, the next begins. */
  next(): void {
    this.#spans = [...this.#spans, empty].slice(-3);
  }

  /** Forgets the past: the next value is the next measurement. */
  reset(): void {
    this.#spans = [empty];
    this.#last = undefined;
  }

  get value(): number {
    const seconds = this.#spans.reduce((sum, span) => sum + span.seconds, 0);
    if (seconds === 0) return this.#last?.jobs ?? 0;
    return this.#spans.reduce((sum, span) => sum + span.jobSeconds, 0) / seconds;
  }
}
