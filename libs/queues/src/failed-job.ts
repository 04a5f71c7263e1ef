import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { Job } from 'bullmq';
import { z } from 'zod';

const attemptSchema = z.strictObject({
  process: z.string(),
  code: z.string(),
  message: z.string(),
});

/** One try of a job that failed: in which process, and why. */
export type FailedAttempt = z.infer<typeof attemptSchema>;

/** A job that nobody tries any more. */
export interface FailedJob {
  queue: string;
  id: string;
  /** What the job was to do. */
  data: unknown;
  /** Its tries, oldest first; none where its workers died of it. */
  attempts: FailedAttempt[];
  reason: string;
}

/**
 * The error of a try, for the queue to keep: BullMQ stores each try's stack with the job, and nothing else.
 */
export function failedAttempt(
  error: unknown,
  process: string,
  ErrorClass: new (message: string) => Error,
): Error {
  const code = error instanceof MgrpoError ? error.code : 'INTERNAL';
  const message = messageOf(error);
  const failure = new ErrorClass(`${code}: ${message}`);
  failure.stack = JSON.stringify({ process, code, message } satisfies FailedAttempt);
  return failure;
}

/** A failed job as the queue has kept it. */
export function failedJob(job: Job): FailedJob {
  const attempts = (job.stacktrace ?? []).flatMap((text) => {
    const parsed = attemptSchema.safeParse(parseJson(text));
    return parsed.success ? [parsed.data] : [];
  });
  const reason = job.failedReason ?? 'unknown';
  return { queue: job.queueName, id: job.id ?? '', data: job.data, attempts, reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // A stack that the queue's own code has left.
  }
}
