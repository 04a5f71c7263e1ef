import type { GroupMember, GroupVerdict, Method, PseudoLabel, Role } from '@mgrpo/algorithm';

/** Who votes on a label and how the votes are counted. */
export interface LabelVote {
  readonly voters: readonly Role[];
  readonly label: (voters: readonly GroupMember[]) => PseudoLabel;
}

/** The vote that a method takes; null for one whose labels rest on none. */
export function voteOf({ labels }: Pick<Method, 'labels'>): LabelVote | null {
  return 'voters' in labels ? labels : null;
}

/**
 * The verdict on the rollouts that vote on a group's label: its own, or for two wordings that label each other
 * the other one's.
 *
 * @param verdicts of the groups in their order, the wordings of a question side by side
 */
export function votingVerdict(
  verdicts: readonly GroupVerdict[],
  position: number,
  { labels }: Pick<Method, 'labels'>,
): GroupVerdict {
  return verdicts[labels.kind === 'cross-vote' ? position ^ 1 : position]!;
}

/** The label that a vote gives when no fence silences anybody; null without an answer. */
export function labelWithoutFence(
  { members }: Pick<GroupVerdict, 'members'>,
  { voters, label }: LabelVote,
): string | null {
  const whole = label(
    members.filter(({ role, answer }) => voters.includes(role) && answer !== null),
  );
  return whole.kind === 'none' ? null : whole.answer;
}
