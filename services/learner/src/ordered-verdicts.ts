import { MgrpoError } from '@mgrpo/errors';
import type { GroupVerdict__Output } from '@mgrpo/rpc';

/** What a run's batches all have in common. */
export interface BatchExpectation {
  runId: string;
  iteration: number;
  weightVersion: number;
  numPrompts: number;
}

/** The verdicts of an iteration in order; a part of an iteration would be another iteration. */
export function orderedVerdicts(
  verdicts: readonly GroupVerdict__Output[],
  expected: BatchExpectation,
): GroupVerdict__Output[] {
  const ordered = [...verdicts].sort((a, b) => a.prompt - b.prompt);
  const isComplete =
    ordered.length === expected.numPrompts &&
    ordered.every(
      (verdict, prompt) =>
        verdict.prompt === prompt &&
        verdict.runId === expected.runId &&
        verdict.iteration === expected.iteration &&
        verdict.weightVersion === expected.weightVersion,
    );
  if (!isComplete) {
    const got = ordered.map((v) => `${v.runId}/${v.iteration}/${v.prompt}@${v.weightVersion}`);
    throw new MgrpoError(
      'INVALID_MESSAGE',
      `iteration ${expected.iteration} needs the verdicts of ${expected.numPrompts} prompts, got ${got.join(', ')}`,
    );
  }
  return ordered;
}
