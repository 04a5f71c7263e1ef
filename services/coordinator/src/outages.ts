import { MgrpoError } from '@mgrpo/errors';
import { isRedisOutage, redisReason } from '@mgrpo/queues';
import type { Logger } from '@mgrpo/telemetry';

/** Times in which the learner or Redis is away: rounds of work that meet one are done again, until it lasts too long. */
export class Outages {
  readonly #deadlineMs: number;
  readonly #log: Logger;
  /** By `performance.now()`. */
  #outage: { sinceMs: number; reason: string } | undefined;

  /** `deadlineMs`: how long one may last. */
  constructor(deadlineMs: number, log: Logger) {
    this.#deadlineMs = deadlineMs;
    this.#log = log;
  }

  /** What the last round met; empty when all was well. */
  get reason(): string {
    return this.#outage?.reason ?? '';
  }

  /**
   * Does a round of work; one that fails for an outage is told and left to the next round.
   *
   * @throws what it met, when that has lasted for the deadline
   */
  async through(work: () => Promise<void>): Promise<void> {
    const startedAtMs = performance.now();
    try {
      await this.#inTime(work());
      this.#outage = undefined;
    } catch (error) {
      if (!isOutage(error)) throw error;
      const reason = redisReason(error);
      this.#outage = { sinceMs: this.#outage?.sinceMs ?? startedAtMs, reason };
      const lastedMs = Math.round(performance.now() - this.#outage.sinceMs);
      // A timer may be a millisecond early.
      if (lastedMs + 1 >= this.#deadlineMs) throw error;
      this.#log.warn({ error: reason, lastedMs }, 'waiting');
    }
  }

  /** A command to a Redis that is away does not fail but waits for its return, so the round as a whole has a limit. */
  async #inTime(work: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<never>();
    const seconds = (this.#deadlineMs / 1000).toFixed(1);
    const reason = `Redis did not answer for ${seconds} s (deployment.deadlines.outageMs)`;
    const error = new MgrpoError('UNAVAILABLE', reason);
    const timer = setTimeout(late.reject, this.#deadlineMs, error);
    try {
      await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether waiting may help: the learner or Redis is away. */
function isOutage(error: unknown): boolean {
  if (isRedisOutage(error)) return true;
  return error instanceof MgrpoError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE');
}
