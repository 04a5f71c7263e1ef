import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type MetricsRecord, readJournal, readMetrics, runFiles } from '@mgrpo/checkpoint';

/** What a run leaves behind that no fault may change. */
export interface Evidence {
  /** Names of the last versions of both models, which hold their SHA-256. */
  readonly weights: readonly string[];
  /** SHA-256 of every record of the journal, by iteration. */
  readonly journal: readonly string[];
  /** Every line of the metrics without its times: iterations in the order of the file, then evaluations. */
  readonly metrics: readonly string[];
}

export async function evidenceOf(runFolder: string): Promise<Evidence> {
  const journal: string[] = [];
  const warn = (message: string) => {
    throw new Error(message);
  };
  for await (const payload of readJournal(join(runFolder, runFiles.journal), warn)) {
    journal.push(createHash('sha256').update(payload).digest('hex'));
  }
  const records = await readMetrics(join(runFolder, runFiles.metrics));
  const iterations = records.filter((record) => record.kind === 'iteration');
  // With lag an evaluation is recorded before or after the iteration that runs beside it.
  const evaluations = records
    .filter((record) => record.kind === 'evaluation')
    .sort((a, b) => a.version - b.version);
  return {
    weights: readdirSync(join(runFolder, runFiles.versions)).sort(),
    journal,
    metrics: [...iterations, ...evaluations].map(withoutTimes),
  };
}

function withoutTimes({ seconds: _seconds, ...record }: MetricsRecord): string {
  return JSON.stringify(record);
}

/** What is not as it was in the undisturbed run, in words. */
export function differences(expected: Evidence, actual: Evidence): string[] {
  return (['journal', 'metrics', 'weights'] as const).flatMap((part) => {
    const [before, after] = [expected[part], actual[part]];
    if (before.length !== after.length) {
      return [`${part}: ${after.length} entries instead of ${before.length}`];
    }
    const first = before.findIndex((entry, i) => entry !== after[i]);
    if (first < 0) return [];
    return [`${part}: entry ${first} is ${after[first]} instead of ${before[first]}`];
  });
}
