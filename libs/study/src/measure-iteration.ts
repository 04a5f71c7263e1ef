import {
  type AgreementSignals,
  agreementSignals,
  isBelowFence,
  type JudgedMember,
  type MethodName,
  majorityVote,
  methods,
  type Role,
  roleMajorities,
} from '@mgrpo/algorithm';
import type { StudiedGroup, StudiedIteration } from './one-process-run.ts';
import { mean, share, topShare } from './statistics.ts';

/** What one iteration's groups look like, against the gold answers that label-free runs never see. */
export interface IterationMeasure extends AgreementSignals {
  /** Mean reward of the policy rollouts: what the policy is trained on. */
  readonly reward: number;
  /** Share of prompts whose label is right; null for a method without labels. */
  readonly labelAccuracy: number | null;
  /** Share of policy rollouts that are right. */
  readonly accuracy: number;
  /** Share of the votes that the label has, mean over prompts with a vote; null for a method without one. */
  readonly voteShare: number | null;
  /** Share of the most common label among the prompts; null for a method without labels. */
  readonly topLabelShare: number | null;
  /** Mean trajectory entropy of each role (nats); null for a role without rollouts. */
  readonly entropy: { readonly policy: number; readonly momentum: number | null };
  readonly responseTokens: number;
  /** The rollouts below the fence, whatever became of them. */
  readonly low: LowEntropyMeasure;
  readonly gradientNorm: number;
  /** Before its coefficient. */
  readonly kl: number;
}

/** What the filter drops, and what those rollouts would have done. */
interface LowEntropyMeasure {
  /** Share of each role's rollouts below the fence. */
  readonly policyShare: number;
  readonly momentumShare: number;
  /** Number of rollouts below the fence, and how many of them and of the others are right. */
  readonly count: number;
  readonly right: number;
  readonly others: number;
  readonly othersRight: number;
  /** Of those with an answer: how many would have voted for the label that was chosen without them. */
  readonly forLabel: number;
  /** Prompts whose label would be another one with their votes, and where that one would be right or wrong. */
  readonly flipped: number;
  readonly flippedToRight: number;
  readonly flippedToWrong: number;
}

/** Measures an iteration; pure. */
export function measureIteration(
  { groups, train }: StudiedIteration,
  { method }: { readonly method: MethodName },
): IterationMeasure {
  const policy = groups.flatMap(({ problem, verdict }) =>
    verdict.members
      .filter(({ role }) => role === 'policy')
      .map((member) => ({ ...member, isRight: member.answer === problem.answer })),
  );
  const momentum = groups.flatMap(({ verdict }) =>
    verdict.members.filter(({ role }) => role === 'momentum'),
  );
  const labels = groups.flatMap(({ problem, verdict: { label } }) =>
    label.kind === 'none' ? [] : [{ label, isRight: label.answer === problem.answer }],
  );
  const votes = labels.flatMap(({ label }) => (label.kind === 'majority' ? [label.share] : []));
  const step = train.kind === 'trained' ? train.steps[0] : undefined;
  return {
    reward: mean(policy.map(({ outcome }) => (outcome.kind === 'kept' ? outcome.reward : 0))),
    labelAccuracy: orNull(labels, () => share(labels, ({ isRight }) => isRight)),
    accuracy: share(policy, ({ isRight }) => isRight),
    voteShare: orNull(votes, () => mean(votes)),
    topLabelShare: orNull(labels, () => topShare(labels.map(({ label }) => label.answer))),
    ...agreementSignals(groups.map(({ verdict }) => roleMajorities(verdict.members))),
    entropy: {
      policy: mean(policy.map((member) => member.entropy)),
      momentum: orNull(momentum, () => mean(momentum.map((member) => member.entropy))),
    },
    responseTokens: mean(policy.map((member) => member.numTokens)),
    low: measureLow(groups, votersOf(method)),
    gradientNorm: step?.gradientNorm ?? 0,
    kl: step?.policy?.kl ?? 0,
  };
}

function orNull(values: readonly unknown[], measure: () => number): number | null {
  return values.length === 0 ? null : measure();
}

/** The roles that vote under a method: where the fence silences all of a role, the verdict does not tell. */
function votersOf(method: MethodName): readonly Role[] {
  const { labels } = methods[method];
  return 'voters' in labels ? labels.voters : [];
}

function measureLow(groups: readonly StudiedGroup[], voters: readonly Role[]): LowEntropyMeasure {
  const all = groups.flatMap(({ problem, verdict }) =>
    verdict.members.map((member) => ({
      ...member,
      isLow: isBelowFence(member, verdict.fence),
      isRight: member.answer === problem.answer,
      isForLabel: 'answer' in verdict.label && member.answer === verdict.label.answer,
    })),
  );
  const low = all.filter(({ isLow }) => isLow);
  const others = all.filter(({ isLow }) => !isLow);
  const shareOf = (role: JudgedMember['role']) => {
    const members = all.filter((member) => member.role === role);
    return members.length === 0 ? 0 : share(members, ({ isLow }) => isLow);
  };
  const flips = groups.flatMap((group) => labelFlipWithLow(group, voters));
  return {
    policyShare: shareOf('policy'),
    momentumShare: shareOf('momentum'),
    count: low.length,
    right: low.filter(({ isRight }) => isRight).length,
    others: others.length,
    othersRight: others.filter(({ isRight }) => isRight).length,
    forLabel: low.filter(({ isForLabel }) => isForLabel).length,
    flipped: flips.length,
    flippedToRight: flips.filter((flip) => flip === 'to-right').length,
    flippedToWrong: flips.filter((flip) => flip === 'right-to-wrong').length,
  };
}

/** Whether a group's label would be another one had the rollouts below the fence voted too. */
function labelFlipWithLow(
  { problem, verdict: { label, members, fence } }: StudiedGroup,
  voters: readonly Role[],
): ('to-right' | 'right-to-wrong' | 'wrong-to-wrong')[] {
  if (label.kind !== 'majority' || !members.some((member) => isBelowFence(member, fence)))
    return [];
  const whole = majorityVote(
    members.filter(({ role, answer }) => voters.includes(role) && answer !== null),
  );
  if (whole.kind !== 'majority' || whole.answer === label.answer) return [];
  if (whole.answer === problem.answer) return ['to-right'];
  return [label.answer === problem.answer ? 'right-to-wrong' : 'wrong-to-wrong'];
}
