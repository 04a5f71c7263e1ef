import { MgrpoError } from '@mgrpo/errors';
import type { Rollout, RolloutPart } from './rollout-codec.ts';

/** The pooled rollouts of one prompt, in the order every later step relies on. */
export interface RolloutGroup {
  policy: readonly Rollout[];
  momentum: readonly Rollout[];
}

/** What the parts of a question's groups must all say. */
export interface ExpectedGroups {
  runId: string;
  iteration: number;
  weightVersion: number;
  /** The question's prompts by position: one, or two wordings. */
  prompts: readonly number[];
  /** M and N of each. */
  numPolicy: number;
  numMomentum: number;
}

/**
 * The complete, ordered group of each prompt: policy rollouts by index, then momentum rollouts by index.
 *
 * A vote on part of a group would be another vote, so a missing, doubled or foreign rollout is an error.
 *
 * @throws MgrpoError INVALID_MESSAGE naming what differs.
 */
export function assembleGroups(
  parts: readonly RolloutPart[],
  { prompts, numPolicy, numMomentum, ...expected }: ExpectedGroups,
): RolloutGroup[] {
  for (const part of parts) {
    const what = `group of prompt ${part.prompt} in iteration ${part.iteration}`;
    for (const field of ['runId', 'iteration', 'weightVersion'] as const) {
      requireSame(`${what}: ${field}`, part[field], [expected[field]]);
    }
    requireSame(`${what}: prompt`, part.prompt, prompts);
  }
  return prompts.map((prompt) => {
    const what = `group of prompt ${prompt} in iteration ${expected.iteration}`;
    const own = parts.filter((part) => part.prompt === prompt);
    return {
      policy: ordered(own, 'policy', numPolicy, what),
      momentum: ordered(own, 'momentum', numMomentum, what),
    };
  });
}

function requireSame<Value>(what: string, got: Value, expected: readonly Value[]): void {
  if (expected.includes(got)) return;
  throw new MgrpoError('INVALID_MESSAGE', `${what} is ${got}, expected ${expected.join(' or ')}`);
}

function ordered(
  parts: readonly RolloutPart[],
  role: 'policy' | 'momentum',
  count: number,
  what: string,
): Rollout[] {
  const rollouts = parts
    .filter((part) => part.role === role)
    .flatMap((part) => part.rollouts)
    .sort((a, b) => a.index - b.index);
  const isComplete = rollouts.length === count && rollouts.every((r, index) => r.index === index);
  if (!isComplete) {
    const indices = rollouts.map((r) => r.index).join(',');
    throw new MgrpoError(
      'INVALID_MESSAGE',
      `${what}: expected ${count} ${role} rollouts, got ${rollouts.length} (${indices})`,
    );
  }
  return rollouts;
}
