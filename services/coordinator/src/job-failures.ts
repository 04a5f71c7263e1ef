import type { FailedJob } from '@mgrpo/queues';

/** Why a job may fail although nothing is wrong with it: something it needs was lost, or away, or slow. */
const circumstances: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'CORRUPT',
  'UNAVAILABLE',
  'CANCELLED',
  'STALE_WEIGHTS',
  'STALE_EPOCH',
]);

interface Tally {
  /** Of the job in each of its trees, those that are counted. */
  readonly ids: Set<string>;
  attempts: number;
  readonly processes: Set<string>;
}

/** The failed tries of an iteration's jobs, over all the times that its tree was built anew. Pure. */
export class JobFailures {
  readonly #tallies = new Map<string, Tally>();

  /**
   * Counts the tries of a failed job, once for each tree that it stood in and without those that circumstances explain;
   * returns the job's so far.
   */
  count(job: FailedJob): { readonly attempts: number; readonly processes: number } {
    const name = jobName(job);
    const tally = this.#tallies.get(name) ?? { ids: new Set(), attempts: 0, processes: new Set() };
    this.#tallies.set(name, tally);
    const isNew = !tally.ids.has(job.id);
    tally.ids.add(job.id);
    for (const { process, code } of isNew ? job.attempts : []) {
      if (circumstances.has(code)) continue;
      tally.attempts += 1;
      tally.processes.add(process);
    }
    return { attempts: tally.attempts, processes: tally.processes.size };
  }
}

/** Names what a job was to do, whichever tree it stood in. */
export function jobName({ queue, id, data }: FailedJob): string {
  const key = (data as { key?: unknown } | null)?.key;
  const name = typeof key === 'string' ? key.split(':').slice(2).join('-') : id.split('.')[0];
  return `${queue}-${name}`.replace(/[^A-Za-z0-9._-]/g, '_');
}
