import { MgrpoError } from '@mgrpo/errors';
import type { GroupMember } from './group.ts';
import type { PseudoLabel } from './vote.ts';

/**
 * The reward r(y_v, y_i) of section 2.1: 1 when the rollout's answer is the label, else 0.
 *
 * A rollout without an answer earns 0. Where there is no label there is no reward either: null.
 */
export function agreementReward(member: GroupMember, label: PseudoLabel): number | null {
  if (label.kind === 'none') return null;
  return member.answer === label.answer ? 1 : 0;
}

/** Intuitor's reward: the rollout's self-certainty, whatever it answers. */
export function selfCertaintyReward({ role, index, selfCertainty }: GroupMember): number {
  if (selfCertainty !== null) return selfCertainty;
  throw new MgrpoError(
    'INVALID_INPUT',
    `${role} rollout ${index} was sampled without its self-certainty, which is this method's reward`,
  );
}
