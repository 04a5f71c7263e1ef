import { MgrpoError } from '@mgrpo/errors';
import type { FilterKind } from './filter.ts';
import type { GroupMember, Role } from './group.ts';
import type { KlReference } from './loss.ts';
import type { PseudoLabel } from './vote.ts';

/** How many rollouts of each role a prompt gets, and how many policy rollouts of them may train. */
export interface RolloutCounts {
  /** M: rollouts of the policy. */
  readonly policy: number;
  /** N: rollouts of the momentum model. */
  readonly momentum: number;
  /** The policy rollouts with an index below this may train: M, unless more vote than train. */
  readonly trained: number;
}

/** The options from which a method plans its rollouts. */
export interface GroupOptions {
  /** G: rollouts of a prompt, both roles together. Paper: 32. */
  readonly groupSize: number;
  /** N: how many of the G the momentum model samples; null takes the method's own (mgrpo: G/4, srt: 0). */
  readonly momentumRollouts: number | null;
}

/**
 * A label-free (or labelled) method as a composition: who generates, which filter, who votes, where
 * the label comes from, what is rewarded. Advantages and loss are options that every method shares.
 *
 * A new method is one file with one such object, and one line in `methods`.
 */
export interface Method {
  /** One sentence for people, with the source. */
  readonly summary: string;
  /** Who generates how many; throws INVALID_CONFIG for a combination that the method can't use. */
  readonly counts: (options: GroupOptions) => RolloutCounts;
  /** The filter where the options leave it open. */
  readonly filter: FilterKind;
  /** The KL reference where the options leave it open. */
  readonly klReference: KlReference;
  /** The roles that vote. */
  readonly voters: readonly Role[];
  /** The label of a group from those that may vote (kept by the filter, with an answer). */
  readonly label: (voters: readonly GroupMember[]) => PseudoLabel;
  /** The reward of a rollout; null where there is none to give, and the group is dropped. */
  readonly reward: (member: GroupMember, label: PseudoLabel) => number | null;
}

/** Checks that a group size or rollout count is an integer of at least `least`. */
export function requireCount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `algorithm.${name} must be an integer of at least ${least}, got ${value}`,
    );
  }
}
