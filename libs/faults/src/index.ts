import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** The moments of a learner's step that matter when it dies in them. */
export const faultPoints = [
  'before-journal', // the batch is complete, nothing is on disk
  'after-journal', // the journal has the batch, the weights do not
  'after-step', // the engine has stepped, no version is on disk
  'mid-checkpoint', // some of a checkpoint's files are written
  'mid-stream', // a subscriber has part of a version
] as const;

export type FaultPoint = (typeof faultPoints)[number];

/**
 * Kills this process where a test has armed the point; does nothing otherwise.
 *
 * It stands in the product because a kill from outside can't hit these windows, some of which are microseconds
 * wide, and a learner that survives all others but not these loses a run once a year. A point is armed by a file
 * of its name in the folder that `MGRPO_FAULT_POINTS` names, and fires once. Without the variable, as always
 * outside the chaos test, this is one comparison.
 */
export function faultPoint(name: FaultPoint): void {
  const folder = process.env.MGRPO_FAULT_POINTS;
  if (folder === undefined) return;
  try {
    rmSync(join(folder, name));
  } catch {
    return; // Not armed.
  }
  process.kill(process.pid, 'SIGKILL');
}
