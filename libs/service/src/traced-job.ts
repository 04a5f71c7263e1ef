import { messageOf } from '@mgrpo/errors';
import { NotYet, type PayloadRef, type ReceivedJob } from '@mgrpo/queues';
import type { Logger, Span, SpanAttributes, Tracer } from '@mgrpo/telemetry';

export interface TracedJobOptions<Data> {
  /** Of the span: `rollout`, `vote`. */
  name: string;
  tracer: Tracer;
  log: Logger;
  /** What the job is for, as far as its data tell. */
  describe(data: Data): { iteration?: number; attributes?: SpanAttributes };
  handle(job: ReceivedJob<Data>, span: Span): Promise<PayloadRef | null>;
}

/**
 * A consumer's handler as a span in the trace of the job's tree. What is logged meanwhile says for which iteration.
 *
 * A job that puts itself off has not failed: its span says why, and the next try is another span.
 */
export function tracedJob<Data>(
  options: TracedJobOptions<Data>,
): (job: ReceivedJob<Data>) => Promise<PayloadRef | null> {
  const { name, tracer, log, describe, handle } = options;
  return async (job) => {
    const span = { ...describe(job.data), parent: job.traceparent };
    const result = await tracer.span(name, span, async (span) => {
      const startedAtMs = performance.now();
      try {
        const ref = await handle(job, span);
        log.debug({ job: name, ms: Math.round(performance.now() - startedAtMs) }, 'job done');
        return ref;
      } catch (error) {
        if (!(error instanceof NotYet)) {
          log.warn({ job: name, error: messageOf(error) }, 'job failed');
          throw error;
        }
        span.set({ put_off: error.message });
        return error;
      }
    });
    if (result instanceof NotYet) throw result;
    return result;
  };
}
