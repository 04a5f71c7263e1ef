import type { GroupMember, Role } from './group.ts';
import { majorityVote } from './vote.ts';

/** What the rollouts of one role agree on: the answer of most, and its share among those with an answer. */
export interface RoleMajority {
  readonly answer: string;
  readonly share: number;
}

/** The majorities of a group, role by role; null for a role without rollouts or without answers. */
export type RoleMajorities = Readonly<Record<Role, RoleMajority | null>>;

/**
 * What each role would vote on its own, whatever the method and its filter: for watching, never for training.
 *
 * @param members rollouts of one prompt, in any order
 */
export function roleMajorities(members: readonly GroupMember[]): RoleMajorities {
  const of = (role: Role): RoleMajority | null => {
    const label = majorityVote(members.filter((member) => member.role === role));
    return label.kind === 'majority' ? { answer: label.answer, share: label.share } : null;
  };
  return { policy: of('policy'), momentum: of('momentum') };
}

/** How the answers of one iteration relate, without gold labels. All null where no prompt has an answer. */
export interface AgreementSignals {
  /** Mean share of the policy's majority answer: how much the policy agrees with itself on a prompt. */
  readonly selfAgreement: number | null;
  /**
   * Share of pairs of prompts whose policy majorities are the same answer: 1 when every prompt gets the same.
   * Its expectation does not depend on the number of prompts, so its mean over a window of small iterations
   * estimates the collision probability of all prompts (the share of the top answer in 8 prompts does not).
   */
  readonly labelCollision: number | null;
  /** Share of prompts where the majorities of policy and momentum model differ; null without a momentum model. */
  readonly disagreement: number | null;
}

/** @param groups the majorities of an iteration's prompts */
export function agreementSignals(groups: readonly RoleMajorities[]): AgreementSignals {
  const policy = groups.flatMap((group) => group.policy ?? []);
  const both = groups.flatMap(({ policy: p, momentum: m }) =>
    p === null || m === null ? [] : [p.answer !== m.answer],
  );
  return {
    selfAgreement: meanOf(policy.map(({ share }) => share)),
    labelCollision: collisionRate(policy.map(({ answer }) => answer)),
    disagreement: meanOf(both.map(Number)),
  };
}

/** Share of pairs that are equal, an unbiased estimate of the sum of squared probabilities; null below two. */
function collisionRate(answers: readonly string[]): number | null {
  if (answers.length < 2) return null;
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const equal = [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  return equal / ((answers.length * (answers.length - 1)) / 2);
}

function meanOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
