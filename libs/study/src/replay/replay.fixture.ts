import { type GroupMember, type GroupVerdict, judgeQuestion } from '@mgrpo/algorithm';
import { runConfigSchema } from '@mgrpo/config';
import { type GroupsHeader, outcomeOf, type RecordedGroup } from '../groups-format.ts';

/** Options of a small group: 6 policy and 2 momentum rollouts under M-GRPO, unless `options` say otherwise. */
export function smallAlgorithm(options: object = {}): GroupsHeader['algorithm'] {
  const small = { groupSize: 8, momentumRollouts: 2, promptsPerIteration: 2 };
  return runConfigSchema.shape.algorithm.parse({ ...small, ...options });
}

/**
 * A group whose vote turns on one rollout. Without it A and B have three votes each and the first rollout says A;
 * policy rollout 5, far more certain than the others and wrong, brings B to four.
 *
 * Entropies 0.1, 1 (six times) and 2: Q1 = Q3 = 1, so every fence lies at 1, whatever k.
 */
export const swayedGroup: readonly GroupMember[] = [
  ['policy', 0, 'A', 1],
  ['policy', 1, 'A', 1],
  ['policy', 2, 'B', 1],
  ['policy', 3, 'B', 1],
  ['policy', 4, null, 1],
  ['policy', 5, 'B', 0.1],
  ['momentum', 0, 'A', 1],
  ['momentum', 1, 'B', 2],
].map((row) => {
  const [role, index, answer, entropy] = row as ['policy', number, string | null, number];
  // Its many tokens make the certain one the least certain by the sum: 0.1 × 30.
  const numTokens = index === 5 ? 30 : 1;
  return { role, index, answer, entropy, selfCertainty: null, numTokens };
});

/** Records groups as the method of the options judges them; `gold` is known to the record, and to grpo. */
export function record(
  groups: readonly (readonly GroupMember[])[],
  algorithm: GroupsHeader['algorithm'],
  gold: string | null,
): RecordedGroup[] {
  const size = algorithm.method === 'co-reward' ? 2 : 1;
  const known = algorithm.method === 'grpo' ? gold : null;
  const verdicts: GroupVerdict[] = [];
  for (let first = 0; first < groups.length; first += size) {
    const together = groups.slice(first, first + size);
    verdicts.push(...judgeQuestion({ groups: together, gold: known }, algorithm));
  }
  return verdicts.map(({ label, members }, position) => ({
    iteration: Math.floor(position / 2),
    prompt: position % 2,
    gold,
    members: groups[position]!,
    label: label.kind === 'none' ? null : label.answer,
    outcomes: members.map(outcomeOf),
  }));
}
