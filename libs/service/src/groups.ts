import { MgrpoError } from '@mgrpo/errors';
import type { Rollout, RolloutPart } from './rollout-codec.ts';

/** The pooled rollouts of one prompt, in the order every later step relies on. */
export interface RolloutGroup {
  policy: readonly Rollout[];
  momentum: readonly Rollout[];
}

export interface ExpectedGroup {
  runId: string;
  iteration: number;
  prompt: number;
  weightVersion: number;
  numPolicy: number;
  numMomentum: number;
}

/**
 * The complete, ordered group: policy rollouts by index, then momentum rollouts by index.
 *
 * A vote on part of a group would be another vote, so a missing, doubled or foreign rollout is an error.
 *
 * @throws MgrpoError INVALID_MESSAGE naming what differs.
 */
export function assembleGroup(
  parts: readonly RolloutPart[],
  expected: ExpectedGroup,
): RolloutGroup {
  const what = `group of prompt ${expected.prompt} in iteration ${expected.iteration}`;
  for (const part of parts) {
    for (const field of ['runId', 'iteration', 'prompt', 'weightVersion'] as const) {
      if (part[field] !== expected[field]) {
        throw new MgrpoError(
          'INVALID_MESSAGE',
          `${what}: ${field} is ${part[field]}, expected ${expected[field]}`,
        );
      }
    }
  }
  return {
    policy: ordered(parts, 'policy', expected.numPolicy, what),
    momentum: ordered(parts, 'momentum', expected.numMomentum, what),
  };
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
