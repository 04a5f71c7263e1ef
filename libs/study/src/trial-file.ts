import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import type {
  EvaluationRecord,
  IterationRecord,
  Trial,
  TrialName,
  TrialRecord,
} from './trial-record.ts';

/** Where a trial's records are, inside the study's folder. */
export function trialPath({ base, arm, seed }: TrialName): string {
  return join('trials', base, arm, `seed-${seed}.jsonl`);
}

/** Reads a finished trial; null where there is none. CORRUPT when the file is not one. */
export function readTrial(path: string): Trial | null {
  if (!existsSync(path)) return null;
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    return trialOf(lines.map((line) => JSON.parse(line) as TrialRecord));
  } catch (cause) {
    throw new MgrpoError(
      'CORRUPT',
      `${path} is not the record of a trial; delete it to run it again`,
      {
        cause,
      },
    );
  }
}

/** Sorts the records of one trial. */
function trialOf(records: readonly TrialRecord[]): Trial {
  const start = records[0];
  const end = records.at(-1);
  if (start?.kind !== 'trial' || end?.kind !== 'end') {
    throw new Error('a trial begins with a "trial" and ends with an "end" record');
  }
  const iterations = records.filter(
    (record): record is IterationRecord => record.kind === 'iteration',
  );
  const evaluations = records.filter(
    (record): record is EvaluationRecord => record.kind === 'evaluation',
  );
  return { start, iterations, evaluations, end };
}
