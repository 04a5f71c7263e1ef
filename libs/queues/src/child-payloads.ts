import type { Job } from 'bullmq';
import { type PayloadRef, parseMessage, payloadRefSchema } from './jobs.ts';

/** What a job's children returned, in no particular order. */
export async function childPayloads(job: Job): Promise<PayloadRef[]> {
  const values = await job.getChildrenValues();
  return Object.entries(values).map(([child, value]) =>
    parseMessage(payloadRefSchema, value, `result of ${child}`),
  );
}
