import { MgrpoError } from '@mgrpo/errors';

/** Who sampled a rollout: the policy that is trained, or its slowly moving average (Eq. 1). */
export type Role = 'policy' | 'momentum';

/** What the voter knows of one rollout of a group. */
export interface GroupMember {
  readonly role: Role;
  /** Index among the group's rollouts of this role, from 0. */
  readonly index: number;
  /** Canonical form of the extracted answer; null when the response has none. */
  readonly answer: string | null;
  /** Trajectory entropy in nats, by the model that sampled. */
  readonly entropy: number;
  /** Self-certainty of the response in nats; null unless the method needs it. */
  readonly selfCertainty: number | null;
  /** Length of the response, the stop token included. */
  readonly numTokens: number;
}

const rank: Readonly<Record<Role, number>> = { policy: 0, momentum: 1 };

/** The order of a group: policy rollouts by index, then momentum rollouts by index. */
export function compareMembers(a: GroupMember, b: GroupMember): number {
  return rank[a.role] - rank[b.role] || a.index - b.index;
}

/**
 * Throws INVALID_INPUT unless a group is complete and in order: policy 0 … M - 1, then momentum 0 … N - 1.
 *
 * A vote over part of a group would depend on who was slow.
 */
export function requireCompleteGroup(
  members: readonly GroupMember[],
  { policy, momentum }: { readonly policy: number; readonly momentum: number },
): void {
  const isInOrder = members.every(({ role, index }, position) =>
    position < policy
      ? role === 'policy' && index === position
      : role === 'momentum' && index === position - policy,
  );
  if (members.length !== policy + momentum || !isInOrder) {
    const given = members.map(({ role, index }) => `${role} ${index}`).join(', ');
    throw new MgrpoError(
      'INVALID_INPUT',
      `a group must have ${policy} policy and then ${momentum} momentum rollouts, each in order from 0; ` +
        `got ${members.length}: ${given}`,
    );
  }
  for (const { role, index, entropy, selfCertainty, numTokens } of members) {
    if (Number.isFinite(entropy) && Number.isFinite(selfCertainty ?? 0) && numTokens >= 1) continue;
    throw new MgrpoError(
      'INVALID_INPUT',
      `${role} rollout ${index} has entropy ${entropy}, self-certainty ${selfCertainty} and ` +
        `${numTokens} tokens; it needs finite numbers and at least one token`,
    );
  }
}
