import type { RandomKey } from '@mgrpo/algorithm';
import { randomBelow, uniform } from '@mgrpo/algorithm';
import { problemOf, type SyntheticProblem, type SyntheticTask } from './synthetic-task.ts';

/** How a supervised response deviates from the worked one. */
export interface TaskSampleOptions {
  /** Share of responses that blurt the answer (`>2`) instead of showing the work (`73162>2`). */
  readonly bareShare: number;
  /** Share of responses in which one digit is replaced by a random one. */
  readonly noiseShare: number;
  /** Share of responses, none of them such a one, that blurt the answer of another problem. */
  readonly strayShare: number;
}

/** A supervised sample; the token that ends a response is not in the text. */
export interface TaskSample {
  readonly prompt: string;
  readonly response: string;
}

// Where a sample's other draws begin, and those of another problem: beyond any attempt (9 in 10 problems are for
// training).
const sampleDraws = 1 << 20;
const strayDraws = 1 << 21;

/**
 * The supervised sample of a stream: a training problem with a worked or a bare answer, at times with a slip.
 *
 * A model pretrained on mostly bare answers usually blurts and is then usually wrong, and is usually right when it
 * shows its work. One pretrained on worked answers with many slips is right when it decodes greedily, and its samples
 * are noisy.
 */
export function taskSample(
  task: SyntheticTask,
  key: RandomKey,
  { bareShare, noiseShare, strayShare }: TaskSampleOptions,
): TaskSample {
  const problem = problemOf(task, 'train', { key, first: 0 });
  const { prompt } = problem;
  const isBare = uniform(key, sampleDraws) < bareShare;
  const response = isBare ? bareResponse(problem) : `${problem.working}${bareResponse(problem)}`;
  const slip = uniform(key, sampleDraws + 1);
  if (slip < noiseShare) return { prompt, response: withRandomDigit(response, key) };
  if (slip >= noiseShare + strayShare) return { prompt, response };
  const other = problemOf(task, 'train', { key, first: strayDraws });
  return { prompt, response: bareResponse(other) };
}

function bareResponse({ answer }: SyntheticProblem): string {
  return `>${answer}`;
}

/** One digit replaced by a random one, which may be the same. */
function withRandomDigit(response: string, key: RandomKey): string {
  // Every character but the arrow is a digit.
  const pick = randomBelow(key, sampleDraws + 2, response.length - 1);
  const index = pick < response.indexOf('>') ? pick : pick + 1;
  const digit = randomBelow(key, sampleDraws + 3, 10);
  return response.slice(0, index) + digit + response.slice(index + 1);
}
