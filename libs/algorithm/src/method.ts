import type { FilterKind } from './filter.ts';
import type { GroupMember, Role } from './group.ts';
import type { KlReference } from './loss.ts';
import type { GroupOptions, RolloutCounts } from './rollout-counts.ts';
import type { PseudoLabel } from './vote.ts';

/** A rule that makes one label of many votes. */
interface Vote {
  /** The roles that vote. */
  readonly voters: readonly Role[];
  /** The label from those that may vote (kept by the filter, with an answer). */
  readonly label: (voters: readonly GroupMember[]) => PseudoLabel;
}

/** Where the label of a group comes from. Only `gold` ever sees a gold answer. */
type LabelSource =
  /** A vote of the group itself. */
  | ({ readonly kind: 'vote' } & Vote)
  /** The vote of the other group of a pair: a question and its rephrasing label each other. */
  | ({ readonly kind: 'cross-vote' } & Vote)
  /** The answer that the prompts file has. */
  | { readonly kind: 'gold' }
  /** There is none: the reward needs no label. */
  | { readonly kind: 'none' };

/**
 * A label-free (or labelled) method as a composition: who generates, which filter, where the label comes
 * from, what is rewarded. Advantages and loss are options that every method shares.
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
  /** How m moves where the options leave it open. */
  readonly momentumSchedule: 'constant' | 'cosine';
  readonly labels: LabelSource;
  /** The reward of a rollout; null where there is none to give, and the group is dropped. */
  readonly reward: (member: GroupMember, label: PseudoLabel) => number | null;
  /** Whether rollouts are sampled with their self-certainty, which only its reward needs. */
  readonly needsSelfCertainty: boolean;
}

/** What a group's label rests on besides the group, where a method asks for it. */
export type Evidence =
  | { readonly kind: 'none' }
  /** The group of the question's other wording. */
  | { readonly kind: 'other-wording'; readonly members: readonly GroupMember[] }
  /** The canonical gold answer. */
  | { readonly kind: 'gold'; readonly answer: string };

/** The kind of evidence that the groups of a method are judged with. */
export function evidenceKind({ labels }: Method): Evidence['kind'] {
  if (labels.kind === 'gold') return 'gold';
  return labels.kind === 'cross-vote' ? 'other-wording' : 'none';
}
