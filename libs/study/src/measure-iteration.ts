import {
  type AgreementSignals,
  agreementSignals,
  type GroupVerdict,
  isBelowFence,
  type JudgedMember,
  type Method,
  type MethodName,
  methods,
  roleMajorities,
} from '@mgrpo/algorithm';
import { labelWithoutFence, voteOf, votingVerdict } from './label-vote.ts';
import type { StudiedGroup, StudiedIteration } from './one-process-run.ts';
import { mean, share, topShare } from './statistics.ts';

/** What one iteration's groups look like, against the gold answers that label-free runs never see. */
export interface IterationMeasure extends AgreementSignals {
  /** Mean reward of the policy rollouts; those that are dropped count as 0. */
  readonly reward: number;
  /** Share of right labels among the prompts that have one; null where none has. */
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
  /** Of those of a role that votes: how many would have voted for the label that was chosen without them. */
  readonly forLabel: number;
  /**
   * Prompts whose label would be another one with their votes (by the method's own rule), or that would have one;
   * where that makes it right, and where it no longer is.
   */
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
    low: measureLow(groups, methods[method]),
    gradientNorm: step?.gradientNorm ?? 0,
    kl: step?.policy?.kl ?? 0,
  };
}

function orNull(values: readonly unknown[], measure: () => number): number | null {
  return values.length === 0 ? null : measure();
}

function measureLow(groups: readonly StudiedGroup[], method: Method): LowEntropyMeasure {
  const verdicts = groups.map(({ verdict }) => verdict);
  const all = groups.flatMap(({ problem, verdict }) =>
    verdict.members.map((member) => ({
      role: member.role,
      isLow: isBelowFence(member, verdict.fence),
      isRight: member.answer === problem.answer,
    })),
  );
  const low = all.filter(({ isLow }) => isLow);
  const others = all.filter(({ isLow }) => !isLow);
  const shareOf = (role: JudgedMember['role']) => {
    const members = all.filter((member) => member.role === role);
    return members.length === 0 ? 0 : share(members, ({ isLow }) => isLow);
  };
  const voting = groups.map((group, at) => ({
    ...group,
    voting: votingVerdict(verdicts, at, method),
  }));
  const flips = voting.flatMap((group) => labelFlipWithLow(group, method));
  return {
    policyShare: shareOf('policy'),
    momentumShare: shareOf('momentum'),
    count: low.length,
    right: low.filter(({ isRight }) => isRight).length,
    others: others.length,
    othersRight: others.filter(({ isRight }) => isRight).length,
    forLabel: voting.reduce((sum, group) => sum + numLowForLabel(group, method), 0),
    flipped: flips.length,
    flippedToRight: flips.filter((flip) => flip === 'to-right').length,
    flippedToWrong: flips.filter((flip) => flip === 'right-to-wrong').length,
  };
}

/** A group with the verdict on the rollouts that vote on its label. */
interface LabelledGroup extends StudiedGroup {
  readonly voting: GroupVerdict;
}

function numLowForLabel({ verdict: { label }, voting }: LabelledGroup, method: Method): number {
  const vote = voteOf(method);
  if (vote === null || label.kind === 'none') return 0;
  return voting.members.filter(
    (member) =>
      vote.voters.includes(member.role) &&
      isBelowFence(member, voting.fence) &&
      member.answer === label.answer,
  ).length;
}

/** Whether a group's label would be another one had the rollouts below the fence voted too. */
function labelFlipWithLow(
  { problem, verdict: { label }, voting }: LabelledGroup,
  method: Method,
): ('to-right' | 'right-to-wrong' | 'wrong-to-wrong')[] {
  const vote = voteOf(method);
  if (vote === null) return [];
  const given = label.kind === 'none' ? null : label.answer;
  const whole = labelWithoutFence(voting, vote);
  if (whole === given) return [];
  if (whole === problem.answer) return ['to-right'];
  return [given === problem.answer ? 'right-to-wrong' : 'wrong-to-wrong'];
}
