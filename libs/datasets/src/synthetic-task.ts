import type { RandomKey } from '@mgrpo/algorithm';
import { type Split, splitOf } from './problem-split.ts';

/** A problem whose answer a short computation gives. */
export interface SyntheticProblem {
  /** For example `6+1+6-2*6*7=`. */
  readonly prompt: string;
  /** What is written down on the way to the answer, in digits, for example `73162`. */
  readonly working: string;
  /** In digits. */
  readonly answer: string;
}

/**
 * A family of problems for small character-level models: `prompt` is continued by `working>answer`, or by a bare
 * `>answer`.
 *
 * A new one is one file with one such object, and one line in `syntheticTasks`.
 */
export interface SyntheticTask {
  /** Every character of prompts and responses, in the order of their token ids. */
  readonly characters: string;
  /** The problem that the stream's random numbers from `first` on describe: 16 of them at most. */
  readonly problem: (key: RandomKey, first: number) => SyntheticProblem;
  /** The prompt in other words, with the same answer; none where the form allows none. */
  readonly rephrasings: (prompt: string) => readonly string[];
}

/** The characters of arithmetic in digits. */
export const arithmeticCharacters = '0123456789+-*=>,';

// Attempts at a problem of the wanted split are this many random numbers apart.
const drawsPerAttempt = 16;

/** The first problem of a split in a stream of random numbers. */
export function problemOf(
  { problem }: SyntheticTask,
  split: Split,
  stream: { readonly key: RandomKey; readonly first: number },
): SyntheticProblem {
  for (let attempt = 0; ; attempt++) {
    const candidate = problem(stream.key, stream.first + attempt * drawsPerAttempt);
    if (splitOf(candidate.prompt) === split) return candidate;
  }
}
