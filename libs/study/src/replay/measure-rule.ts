import { type GroupVerdict, isBelowFence, type JudgedMember, type Role } from '@mgrpo/algorithm';
import type { RecordedGroup } from '../groups-format.ts';
import { labelWithoutFence } from '../label-vote.ts';
import type { ReplayRule } from './rules.ts';

/** A recorded group and what a rule makes of it. */
export interface RuledGroup {
  readonly group: RecordedGroup;
  readonly verdict: GroupVerdict;
  /** On the rollouts that vote on its label: the same, or that of the question's other wording. */
  readonly voting: GroupVerdict;
}

/** How many of how many; the share is for who reads it. */
export interface Count {
  readonly of: number;
  readonly count: number;
}

/** A count of each role's rollouts; null for a role without any in the stream. */
export interface RoleCounts {
  readonly policy: Count;
  readonly momentum: Count | null;
}

/**
 * What a rule does to a part of a stream. "Beyond the fence" are rollouts that its filter takes the vote from, also
 * where they still train. What needs gold answers is null when no group has one.
 */
export interface RuleMeasure {
  readonly groups: number;
  /** Groups with a label, and of those with one and a known answer, the right ones. */
  readonly labelled: number;
  readonly rightLabels: Count | null;
  /** Groups whose label is another than the recorded one, or that lose or gain one. */
  readonly changed: number;
  /** Wrong or none as recorded, right under the rule; and the other way round. */
  readonly changedToRight: number | null;
  readonly changedFromRight: number | null;
  /** Rollouts beyond the fence; null for a role without rollouts. */
  readonly beyond: RoleCounts;
  /**
   * Groups with a fence where the quartiles are equal, as when half of the rollouts are one response: any rollout
   * below them is beyond it, whatever k; null for filters without quartiles.
   */
  readonly flatFences: Count | null;
  /** Right rollouts of each role among those beyond the fence and among the others. */
  readonly right: { readonly beyond: RoleCounts; readonly others: RoleCounts } | null;
  /** What those beyond the fence, of the roles that vote, would have voted for. */
  readonly unheard: {
    readonly forLabel: number;
    readonly against: number;
    readonly unanswered: number;
  };
  /** Groups whose label would be another one had they voted, and where that makes it right or no longer right. */
  readonly silenced: {
    readonly labels: number;
    readonly toRight: number | null;
    readonly fromRight: number | null;
  };
  readonly training: TrainingMeasure | null;
}

/** What the policy is taught, against the truth. */
interface TrainingMeasure {
  /** Of the training rollouts with an advantage other than 0, those where it is positive if and only if right. */
  readonly signRight: Count;
  /** Mean advantage of training rollouts that are right, and of those that are not; null without any. */
  readonly advantageOfRight: number | null;
  readonly advantageOfWrong: number | null;
  /**
   * Policy rollouts that do not train for lying beyond the fence: wrong ones that the label would have punished or
   * rewarded, and right ones.
   */
  readonly spared: {
    readonly wrongPunished: number;
    readonly wrongRewarded: number;
    readonly rightPunished: number;
    readonly rightRewarded: number;
  };
}

/** A rollout with what the measures need of it. */
interface Ruled {
  readonly member: JudgedMember;
  readonly isBeyond: boolean;
  /** Null where the gold answer is not known. */
  readonly isRight: boolean | null;
  readonly isForLabel: boolean;
}

/** Measures a rule's verdicts on the groups of a phase; pure. */
export function measureRule(ruled: readonly RuledGroup[], rule: ReplayRule): RuleMeasure {
  const rollouts = ruled.flatMap(rolloutsOf);
  const unheard = ruled.flatMap((group) => unheardOf(group, rule));
  const hasGold = ruled.some(({ group }) => group.gold !== null);
  const known = ruled.filter(({ group }) => group.gold !== null);
  const moves = ruled.map(({ group, verdict }) => moveOf(group, group.label, labelOf(verdict)));
  const revotes = ruled.map(({ group, verdict, voting }) =>
    moveOf(group, labelOf(verdict), labelWithoutFence(voting, rule)),
  );
  const ifGold = (count: number) => (hasGold ? count : null);
  const knownLabels = known.filter(({ verdict }) => labelOf(verdict) !== null);
  return {
    groups: ruled.length,
    labelled: ruled.filter(({ verdict }) => labelOf(verdict) !== null).length,
    rightLabels: hasGold
      ? countOf(knownLabels, ({ group, verdict }) => labelOf(verdict) === group.gold)
      : null,
    changed: moves.filter(({ isChange }) => isChange).length,
    changedToRight: ifGold(moves.filter(({ isToRight }) => isToRight).length),
    changedFromRight: ifGold(moves.filter(({ isFromRight }) => isFromRight).length),
    beyond: byRole(rollouts, ({ isBeyond }) => isBeyond),
    flatFences: rule.filter.kind === 'iqr' ? countOf(ruled, hasFlatFence) : null,
    right: hasGold ? rightOf(rollouts) : null,
    unheard: {
      forLabel: unheard.filter((vote) => vote === 'for').length,
      against: unheard.filter((vote) => vote === 'against').length,
      unanswered: unheard.filter((vote) => vote === 'unanswered').length,
    },
    silenced: {
      labels: revotes.filter(({ isChange }) => isChange).length,
      toRight: ifGold(revotes.filter(({ isToRight }) => isToRight).length),
      fromRight: ifGold(revotes.filter(({ isFromRight }) => isFromRight).length),
    },
    training: hasGold ? measureTraining(rollouts) : null,
  };
}

function labelOf({ label }: GroupVerdict): string | null {
  return label.kind === 'none' ? null : label.answer;
}

function rolloutsOf({ group, verdict }: RuledGroup): Ruled[] {
  const label = labelOf(verdict);
  return verdict.members.map((member) => ({
    member,
    isBeyond: isBelowFence(member, verdict.fence),
    isRight: group.gold === null ? null : member.answer === group.gold,
    isForLabel: label !== null && member.answer === label,
  }));
}

/** What each rollout beyond the fence, of the roles that vote on a group's label, would have voted. */
function unheardOf(
  { verdict, voting }: RuledGroup,
  { voters }: ReplayRule,
): ('for' | 'against' | 'unanswered')[] {
  const label = labelOf(verdict);
  return voting.members
    .filter((member) => voters.includes(member.role) && isBelowFence(member, voting.fence))
    .map(({ answer }) => {
      if (answer === null) return 'unanswered';
      return answer === label ? 'for' : 'against';
    });
}

function moveOf({ gold }: RecordedGroup, from: string | null, to: string | null) {
  const isChange = from !== to;
  return {
    isChange,
    isToRight: isChange && gold !== null && to === gold,
    isFromRight: isChange && gold !== null && from === gold,
  };
}

function countOf<T>(values: readonly T[], holds: (value: T) => boolean): Count {
  return { of: values.length, count: values.filter(holds).length };
}

function byRole(rollouts: readonly Ruled[], holds: (rollout: Ruled) => boolean): RoleCounts {
  const countOfRole = (role: Role) =>
    countOf(
      rollouts.filter(({ member }) => member.role === role),
      holds,
    );
  const momentum = countOfRole('momentum');
  return { policy: countOfRole('policy'), momentum: momentum.of === 0 ? null : momentum };
}

function hasFlatFence({ verdict: { fence } }: RuledGroup): boolean {
  if (fence.kind === 'off') return false;
  const fences = fence.kind === 'pooled' ? [fence.fence] : Object.values(fence.fences);
  return fences.some((one) => one?.kind === 'iqr' && one.q1 === one.q3);
}

function rightOf(rollouts: readonly Ruled[]): RuleMeasure['right'] {
  const known = rollouts.filter(({ isRight }) => isRight !== null);
  const [beyond, others] = [true, false].map((isBeyond) =>
    byRole(
      known.filter((rollout) => rollout.isBeyond === isBeyond),
      ({ isRight }) => isRight === true,
    ),
  );
  return { beyond: beyond!, others: others! };
}

function measureTraining(rollouts: readonly Ruled[]): TrainingMeasure {
  const known = rollouts.filter(({ isRight }) => isRight !== null);
  const trained = known.flatMap(({ member: { outcome }, isRight }) =>
    outcome.kind === 'kept' && outcome.trains ? [{ advantage: outcome.advantage, isRight }] : [],
  );
  const spared = known.filter(
    ({ member, isBeyond }) =>
      isBeyond &&
      member.role === 'policy' &&
      !(member.outcome.kind === 'kept' && member.outcome.trains),
  );
  const sparedOf = (isRight: boolean, isRewarded: boolean) =>
    spared.filter((rollout) => rollout.isRight === isRight && rollout.isForLabel === isRewarded)
      .length;
  return {
    signRight: countOf(
      trained.filter(({ advantage }) => advantage !== 0),
      ({ advantage, isRight }) => advantage > 0 === isRight,
    ),
    advantageOfRight: meanAdvantage(trained.filter(({ isRight }) => isRight)),
    advantageOfWrong: meanAdvantage(trained.filter(({ isRight }) => !isRight)),
    spared: {
      wrongPunished: sparedOf(false, false),
      wrongRewarded: sparedOf(false, true),
      rightPunished: sparedOf(true, false),
      rightRewarded: sparedOf(true, true),
    },
  };
}

function meanAdvantage(trained: readonly { readonly advantage: number }[]): number | null {
  if (trained.length === 0) return null;
  return trained.reduce((sum, { advantage }) => sum + advantage, 0) / trained.length;
}
