import { MgrpoError } from '@mgrpo/errors';
import { type AdvantageOptions, groupAdvantages } from './advantage.ts';
import { type GroupFence, groupFence, isBelowFence } from './filter.ts';
import { type GroupMember, requireCompleteGroup } from './group.ts';
import type { StepTotals } from './loss-aggregation.ts';
import type { Evidence, Method } from './method.ts';
import { methods } from './methods.ts';
import type { AlgorithmOptions } from './options.ts';
import type { PseudoLabel } from './vote.ts';

/** Why a rollout neither votes nor trains. */
export type DropReason = 'low-entropy' | 'no-answer' | 'no-label';

/** What became of one rollout. */
export type MemberOutcome =
  | {
      readonly kind: 'kept';
      readonly votes: boolean;
      readonly trains: boolean;
      /** Also of rollouts that only vote, for the metrics. */
      readonly reward: number;
      /** 0 for rollouts that do not train. */
      readonly advantage: number;
    }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

export interface JudgedMember extends GroupMember {
  readonly outcome: MemberOutcome;
}

/** Whether a group moves the weights, or why not. */
export type GroupSignal =
  | { readonly kind: 'some' }
  | { readonly kind: 'none'; readonly reason: 'no-label' | 'too-few-rollouts' | 'equal-rewards' };

/** The verdict on one group. */
export interface GroupVerdict {
  readonly label: PseudoLabel;
  readonly fence: GroupFence;
  /** In the order of the group. */
  readonly members: readonly JudgedMember[];
  readonly signal: GroupSignal;
}

/** The options a verdict depends on. */
export type JudgeOptions = Pick<
  AlgorithmOptions,
  'method' | 'groupSize' | 'momentumRollouts' | 'trainedRollouts' | 'filter' | 'advantage'
>;

/** A rollout with what the method allows it. */
interface Candidate {
  readonly member: GroupMember;
  readonly isLow: boolean;
  readonly votes: boolean;
  /** One of the policy rollouts that train unless the filter forbids it (the M of Eq. 2). */
  readonly isTrainable: boolean;
  readonly trains: boolean;
}

function dropped({ member, isLow, votes, trains }: Candidate): JudgedMember {
  const reason = votes || trains ? 'no-label' : isLow ? 'low-entropy' : 'no-answer';
  return { ...member, outcome: { kind: 'dropped', reason } };
}

function signalOf(advantages: readonly number[], baseline: readonly number[]): GroupSignal {
  if (advantages.some((advantage) => advantage !== 0)) return { kind: 'some' };
  const isTooSmall = advantages.length === 0 || baseline.length < 2;
  return { kind: 'none', reason: isTooSmall ? 'too-few-rollouts' : 'equal-rewards' };
}

/** Who of a complete group is below the fence, may vote and may train. */
function sift(
  members: readonly GroupMember[],
  { filter, ...options }: JudgeOptions,
  { counts, labels, filter: ownFilter }: Method,
): { fence: GroupFence; candidates: readonly Candidate[] } {
  const { policy, momentum, trained } = counts(options);
  requireCompleteGroup(members, { policy, momentum });
  const fence = groupFence(members, { ...filter, kind: filter.kind ?? ownFilter });
  const voters = 'voters' in labels ? labels.voters : [];
  const candidates = members.map((member): Candidate => {
    const isLow = isBelowFence(member, fence);
    const votes = !isLow && member.answer !== null && voters.includes(member.role);
    const isTrainable = member.role === 'policy' && member.index < trained;
    const trains = isTrainable && (!isLow || filter.scope === 'vote-only');
    return { member, isLow, votes, isTrainable, trains };
  });
  return { fence, candidates };
}

/**
 * The label of a group. Evidence that the method did not ask for is refused, so that no mistake elsewhere
 * can bring a gold answer into label-free training.
 */
function labelOf(
  { labels }: Method,
  evidence: Evidence,
  own: readonly Candidate[],
  siftOther: (members: readonly GroupMember[]) => readonly Candidate[],
): PseudoLabel {
  const votersOf = (candidates: readonly Candidate[]) =>
    candidates.filter(({ votes }) => votes).map(({ member }) => member);
  if (evidence.kind === 'none') {
    if (labels.kind === 'vote') return labels.label(votersOf(own));
    if (labels.kind === 'none') return { kind: 'none', reason: 'no-vote-taken' };
  }
  if (evidence.kind === 'other-wording' && labels.kind === 'cross-vote') {
    return labels.label(votersOf(siftOther(evidence.members)));
  }
  if (evidence.kind === 'gold' && labels.kind === 'gold') {
    return { kind: 'gold', answer: evidence.answer };
  }
  throw new MgrpoError(
    'INVALID_INPUT',
    `a method whose labels are of kind "${labels.kind}" can't judge a group with evidence of kind ` +
      `"${evidence.kind}"`,
  );
}

/**
 * Judges one complete group: fence, label, rewards and advantages (Algorithm 1, lines 10-14).
 *
 * A pure function of the ordered group, the evidence and the options. A rollout is dropped when it neither
 * votes nor trains; a policy rollout without an answer does not vote, earns 0 and trains. A group without
 * the label that its method's reward needs is dropped as a whole.
 *
 * @param members policy rollouts 0 … M - 1, then momentum rollouts 0 … N - 1; else INVALID_INPUT
 * @param given `evidence` exactly where the method asks for it (else INVALID_INPUT); `method` by default the
 *   one that the options name
 */
export function judgeGroup(
  members: readonly GroupMember[],
  options: JudgeOptions,
  given: { readonly evidence?: Evidence; readonly method?: Method } = {},
): GroupVerdict {
  const { evidence = { kind: 'none' }, method = methods[options.method] } = given;
  const { fence, candidates } = sift(members, options, method);
  const label = labelOf(
    method,
    evidence,
    candidates,
    (others) => sift(others, options, method).candidates,
  );
  const rewarded = candidates.flatMap((candidate) => {
    const reward = method.reward(candidate.member, label);
    return reward === null ? [] : { ...candidate, reward };
  });
  if (rewarded.length < candidates.length) {
    const signal = { kind: 'none', reason: 'no-label' } as const;
    return { label, fence, members: candidates.map(dropped), signal };
  }
  return { label, fence, ...weigh(rewarded, options.advantage) };
}

/** Advantages of rewarded rollouts, and what becomes of each. */
function weigh(
  rewarded: readonly (Candidate & { readonly reward: number })[],
  options: AdvantageOptions,
): Pick<GroupVerdict, 'members' | 'signal'> {
  const trained = rewarded.filter(({ trains }) => trains);
  const compared = options.baseline === 'all' ? rewarded.filter((c) => c.isTrainable) : trained;
  const baseline = compared.map(({ reward }) => reward);
  const rewards = trained.map(({ reward }) => reward);
  const advantages = groupAdvantages(rewards, baseline, options);
  const advantageOf = new Map(
    trained.map(({ member }, position) => [member, advantages[position]!]),
  );
  const members = rewarded.map((candidate): JudgedMember => {
    const { member, votes, trains, reward } = candidate;
    if (!votes && !trains) return dropped(candidate);
    const advantage = advantageOf.get(member) ?? 0;
    return { ...member, outcome: { kind: 'kept', votes, trains, reward, advantage } };
  });
  return { members, signal: signalOf(advantages, baseline) };
}

/** What a step on these groups trains on, for the weights of its tokens. */
export function stepTotals(verdicts: readonly GroupVerdict[]): StepTotals {
  const trained = verdicts.flatMap((verdict) =>
    verdict.members.filter(({ outcome }) => outcome.kind === 'kept' && outcome.trains),
  );
  return {
    numTokens: trained.reduce((sum, member) => sum + member.numTokens, 0),
    numSequences: trained.length,
    numPrompts: verdicts.length,
  };
}
