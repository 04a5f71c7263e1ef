import type { GroupMember } from '../group.ts';
import type { Method } from '../method.ts';
import { majorityVote, type PseudoLabel } from '../vote.ts';
import { mgrpo } from './mgrpo.ts';

/**
 * Ours: M-GRPO in which policy and momentum model have half of the vote each, however many rollouts each has.
 *
 * With N = G/4 in M-GRPO three policy rollouts outvote each momentum rollout, so the labels follow the policy where
 * the two differ. Here the momentum model can hold them at the same cost of sampling, and all M still train.
 */
export const balancedVote: Method = {
  ...mgrpo,
  summary: 'Balanced vote (ours): M-GRPO where each model has half of the vote, whatever N',
  filter: 'off',
  labels: { kind: 'vote', voters: ['policy', 'momentum'], label: balancedMajority },
};

/** The majority where a momentum vote counts M'/N' times, of M' and N' votes cast; scaled to whole numbers. */
function balancedMajority(voters: readonly GroupMember[]): PseudoLabel {
  const numOf = (role: GroupMember['role']) =>
    voters.filter((voter) => voter.role === role && voter.answer !== null).length;
  return majorityVote(voters, {
    policy: Math.max(1, numOf('momentum')),
    momentum: Math.max(1, numOf('policy')),
  });
}
