import { agreementSignals, type CollapseState } from '@mgrpo/algorithm';
import type { MetricsRecord } from '@mgrpo/checkpoint';
import type {
  GroupVerdict__Output,
  MemberVerdict__Output,
  TrainingBatch__Output,
} from '@mgrpo/rpc';
import type { IterationSchedule, StepStats, TrainStats } from '@mgrpo/training';
import { namedSkips } from './divergence.ts';
import type { IterationSeconds } from './iteration-seconds.ts';

/** What entropies are made from: all probabilities, or the top k that a server tells, which give lower bounds. */
export type EntropySource = 'vocabulary' | 'top-k';

/** The line of `metrics.jsonl` for an applied iteration. All but `seconds` is a function of configuration and seed. */
export type IterationRecord = MeasuredIteration & {
  readonly policySha256: string;
  readonly seconds: IterationSeconds & { readonly train?: TrainSeconds };
  /** The run after this iteration, as the sentinel sees it. */
  readonly collapse: CollapseState;
};

type TrainSeconds = Extract<TrainStats, { kind: 'trained' }>['seconds'];

/** What is known of an iteration as soon as the engine has stepped. */
export type MeasuredIteration = ReturnType<typeof measuredIteration>;

/** An iteration's record, but for what its publication adds. */
export function measuredIteration(
  batch: TrainingBatch__Output,
  train: TrainStats,
  context: IterationSchedule & { skippedInARow: number; entropySource: EntropySource },
) {
  const { groups } = batch;
  const members = groups.flatMap((group) => group.members);
  const policy = members.filter((member) => member.role === 'ROLE_POLICY');
  const momentum = members.filter((member) => member.role === 'ROLE_MOMENTUM');
  return {
    kind: 'iteration' as const,
    iteration: batch.iteration,
    weightVersion: batch.weightVersion,
    reward: mean(policy.map((member) => member.reward)),
    voteShare: mean(voted(groups).map((group) => group.voteShare)),
    answersPerGroup: mean(voted(groups).map((group) => group.numAnswers)),
    // Collapse into one constant answer shows here: 1 when every prompt gets the same label.
    topLabelShare: topLabelShare(groups),
    ...agreementSignals(
      groups.map(({ policyMajority, momentumMajority }) => ({
        policy: policyMajority ?? null,
        momentum: momentumMajority ?? null,
      })),
    ),
    groupsWithoutLabel: groups.length - labelled(groups).length,
    groupsWithoutSignal: groups.filter(hasNoSignal).length,
    entropy: { policy: mean(entropies(policy)), momentum: mean(entropies(momentum)) },
    entropySource: context.entropySource,
    fenceLower: mean(groups.filter((g) => g.hasFence).map((g) => g.fenceLower)),
    dropped: { policy: dropped(policy), momentum: dropped(momentum) },
    responseTokens: mean(policy.map((member) => member.numTokens)),
    truncated: truncatedShare(batch),
    hasSignal: train.kind === 'trained',
    step: train.kind === 'trained' ? meanStep(train.steps) : null,
    skippedSteps: namedSkips(batch, train),
    skippedInARow: context.skippedInARow,
    lossScale: train.kind === 'trained' ? train.lossScale : null,
    learningRates: context.learningRates,
    momentumCoefficients: context.momentumCoefficients,
  } satisfies MetricsRecord;
}

/** The optimiser steps of the iteration as one: means over them, and the largest gap of all. Their seconds stand with the others. */
function meanStep(steps: readonly StepStats[]) {
  const over = (pick: (step: StepStats) => number | undefined) =>
    mean(steps.flatMap((step) => pick(step) ?? []));
  return {
    numSteps: steps.length,
    loss: over((step) => step.loss),
    policyLoss: over((step) => step.policy?.policyLoss),
    kl: over((step) => step.policy?.kl),
    clipFraction: over((step) => step.policy?.clipFraction),
    ratioMean: over((step) => step.policy?.ratioMean),
    logprobGap: over((step) => step.policy?.logprobGap),
    logprobGapMax: largest(steps.flatMap((step) => step.policy?.logprobGapMax ?? [])),
    importanceWeight: over((step) => step.policy?.importance?.mean),
    importanceTruncated: over((step) => step.policy?.importance?.truncated),
    entropy: over((step) => step.entropy),
    gradientNorm: over((step) => step.gradientNorm),
    numTokens: over((step) => step.numTokens),
    numSequences: over((step) => step.numSequences),
  };
}

/** Mean, or null where there is nothing to average: JSON has no NaN. */
function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function labelled(groups: readonly GroupVerdict__Output[]): GroupVerdict__Output[] {
  return groups.filter((group) => group.hasLabel);
}

/** Groups whose label is a majority: gold labels and self-certainty need no vote. */
function voted(groups: readonly GroupVerdict__Output[]): GroupVerdict__Output[] {
  return groups.filter((group) => group.numVotes > 0);
}

function hasNoSignal(group: GroupVerdict__Output): boolean {
  return group.members.every((member) => member.advantage === 0);
}

function entropies(members: readonly MemberVerdict__Output[]): number[] {
  return members.map((member) => member.entropy);
}

function topLabelShare(groups: readonly GroupVerdict__Output[]): number | null {
  const counts = new Map<string, number>();
  for (const { pseudoLabel } of labelled(groups)) {
    counts.set(pseudoLabel, (counts.get(pseudoLabel) ?? 0) + 1);
  }
  return counts.size === 0 ? null : Math.max(...counts.values()) / groups.length;
}

/** Rollouts dropped, by reason. */
function dropped(members: readonly MemberVerdict__Output[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const member of members) {
    if (member.dropped !== '') counts[member.dropped] = (counts[member.dropped] ?? 0) + 1;
  }
  return counts;
}

function truncatedShare({ rollouts }: TrainingBatch__Output): number | null {
  const all = rollouts.flatMap((chunk) => chunk.rollouts);
  return mean(all.map((rollout) => (rollout.finishReason === 'FINISH_REASON_LENGTH' ? 1 : 0)));
}
