import type { Override } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';

/** A flag that sets a text, which is quoted: a path may hold what YAML reads otherwise. */
export function textSetting(flag: string, path: string, value: string | undefined): Override[] {
  return value === undefined ? [] : [{ flag, assignment: `${path}=${JSON.stringify(value)}` }];
}

/** A flag that sets a number; the schema says whether it is one. */
export function valueSetting(flag: string, path: string, value: string | undefined): Override[] {
  return value === undefined ? [] : [{ flag, assignment: `${path}=${value}` }];
}

/** The repeated `--set path=value`. */
export function setSettings(assignments: readonly string[]): Override[] {
  return assignments.map((assignment) => ({ flag: '--set', assignment }));
}

/** `policy=2,momentum=1` as settings of `deployment.workers`. @throws USAGE for a part of another form */
export function workerSettings(list: string | undefined): Override[] {
  const parts = list === undefined ? [] : list.split(',');
  return parts.map((part) => {
    if (!part.includes('=')) {
      throw new MgrpoError(
        'USAGE',
        `--workers: "${part}" names no number; write it as --workers policy=2,momentum=1`,
      );
    }
    return { flag: '--workers', assignment: `deployment.workers.${part.trim()}` };
  });
}
