import type { FailedJob, JobTrees, PayloadRef, PayloadStore } from '@mgrpo/queues';
import { jobName } from './job-failures.ts';
import type { LearnerView } from './learner-view.ts';

/** Of payloads; a message may have 4 MiB, and base64 adds a third. */
const maxPayloadBytes = 2 * 1024 * 1024;

/** Has a failed job written into the run folder, with all that is needed to try it again elsewhere; returns where. */
export async function quarantine(
  job: FailedJob,
  { trees, payloads, learner }: { trees: JobTrees; payloads: PayloadStore; learner: LearnerView },
): Promise<string> {
  const inputs = [];
  let room = maxPayloadBytes;
  for (const ref of await trees.childrenOf(job)) {
    const bytes = await bytesOf(ref, payloads);
    room -= bytes?.length ?? 0;
    // Without its bytes an input is still named, by key and hash.
    const base64 = bytes === undefined || room < 0 ? null : bytes.toString('base64');
    inputs.push({ key: ref.key, sha256: ref.sha256, base64 });
  }
  return await learner.quarantine(jobName(job), JSON.stringify({ ...job, inputs }));
}

async function bytesOf(ref: PayloadRef, payloads: PayloadStore): Promise<Buffer | undefined> {
  return await payloads.get(ref).catch(() => undefined);
}
