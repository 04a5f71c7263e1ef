import type { AxisRange } from '@mgrpo/charts';
import type { Trial } from '../trial-record.ts';
import { type Curve, evaluationCurve, ratioCurve, trainingCurve } from './curves.ts';

/** A measure that is drawn over training, one line for each arm. */
export interface CurveFigure {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly range: AxisRange;
  readonly curve: (trial: Trial) => Curve;
  /** Whether an arm with these trials belongs in it; left out, all do. */
  readonly shows?: (trials: readonly Trial[]) => boolean;
}

/** Most methods reward with 0 or 1; self-certainty has no bound. */
const rewardsShares = (trials: readonly Trial[]): boolean =>
  trials.every(({ iterations }) => iterations.every(({ reward }) => reward <= 1));

/** What the paper draws: Figures 1, 4 and 5, then Figure 2. */
export const training: readonly CurveFigure[] = [
  {
    name: 'accuracy-greedy',
    title: 'Validation accuracy, greedy',
    note: 'Share of held-out problems answered right. Gold answers are read here only. (Paper: Figures 1, 4, 5)',
    range: [0, 1],
    curve: (trial) => evaluationCurve(trial, ({ greedy }) => greedy.accuracy),
  },
  {
    name: 'reward',
    title: 'Training reward',
    note: 'Mean reward of the policy rollouts, 0 for those that a filter drops: what training sees. Methods reward different things, so read its course, not its height. (Paper: Figures 1, 4, 5)',
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ reward }) => reward),
    shows: rewardsShares,
  },
  {
    name: 'accuracy-sampled',
    title: 'Validation accuracy, sampled',
    note: 'At the evaluation temperature. It rises by sharpening alone: compare with greedy and entropy-matched accuracy.',
    range: [0, 1],
    curve: (trial) => evaluationCurve(trial, ({ sampled }) => sampled.accuracy),
  },
  {
    name: 'entropy',
    title: 'Policy entropy (nats)',
    note: 'Mean trajectory entropy of the policy rollouts in training. (Paper: Figure 2)',
    range: [0, null],
    curve: (trial) => trainingCurve(trial, ({ entropy }) => entropy.policy),
  },
];

/** What the paper does not show: why accuracy goes where it goes. */
export const mechanism: readonly CurveFigure[] = [
  {
    name: 'reward-unbounded',
    title: 'Training reward that is no share',
    note: 'Of methods whose reward may be above 1, such as self-certainty.',
    range: [0, null],
    curve: (trial) => trainingCurve(trial, ({ reward }) => reward),
    shows: (trials) => !rewardsShares(trials),
  },
  {
    name: 'self-agreement',
    title: 'Self-agreement',
    note: "Mean share of the policy's own majority answer on a prompt: measured alike for all arms, whatever they reward.",
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ selfAgreement }) => selfAgreement),
  },
  {
    name: 'vote-share',
    title: 'Vote share',
    note: 'Share of the votes that the pseudo-label has. Methods without a vote have no line.',
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ voteShare }) => voteShare),
  },
  {
    name: 'top-label-share',
    title: 'Top label share',
    note: 'Share of the most common label among the prompts of an iteration: near 1 when every prompt gets the same answer.',
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ topLabelShare }) => topLabelShare),
  },
  {
    name: 'label-accuracy',
    title: 'Label accuracy',
    note: 'Share of the prompts with a label where it is the gold answer: how good the teacher is.',
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ labelAccuracy }) => labelAccuracy),
  },
  {
    name: 'disagreement',
    title: 'Disagreement of policy and momentum model',
    note: 'Share of prompts where their majorities differ. Methods without momentum rollouts have no line.',
    range: [0, 1],
    curve: (trial) => trainingCurve(trial, ({ disagreement }) => disagreement),
  },
  {
    name: 'right-lost',
    title: 'Right answers lost',
    note: 'Share of held-out problems whose majority answer was right at the evaluation before and is not now.',
    range: [0, null],
    curve: (trial) => evaluationCurve(trial, ({ flips }) => flips?.sinceLast.lostRight ?? null),
  },
  {
    name: 'right-won',
    title: 'Right answers won',
    note: 'Share of held-out problems whose majority answer was not right at the evaluation before and is now.',
    range: [0, null],
    curve: (trial) => evaluationCurve(trial, ({ flips }) => flips?.sinceLast.wonRight ?? null),
  },
  {
    name: 'response-length',
    title: 'Response length (tokens)',
    note: 'Mean of the policy rollouts in training.',
    range: [0, null],
    curve: (trial) => trainingCurve(trial, ({ responseTokens }) => responseTokens),
  },
];

/** What the rollouts below the fence are and would do. An arm without a filter has no fence. */
export const lowEntropy: readonly CurveFigure[] = [
  {
    name: 'low-policy',
    title: 'Below the fence: policy rollouts',
    note: "Share of the policy's rollouts whose trajectory entropy is below the filter's fence.",
    range: [0, null],
    curve: (trial) => trainingCurve(trial, ({ low }) => low.policyShare),
  },
  {
    name: 'low-momentum',
    title: 'Below the fence: momentum rollouts',
    note: "Share of the momentum model's rollouts below the fence.",
    range: [0, null],
    curve: (trial) =>
      trainingCurve(trial, ({ low, entropy }) =>
        entropy.momentum === null ? null : low.momentumShare,
      ),
  },
  {
    name: 'low-right',
    title: 'Below the fence: right answers',
    note: 'Share of the rollouts below the fence that are right.',
    range: [0, 1],
    curve: (trial) =>
      ratioCurve(
        trial,
        ({ low }) => low.right,
        ({ low }) => low.count,
      ),
  },
  {
    name: 'others-right',
    title: 'Not below the fence: right answers',
    note: 'Share of all other rollouts that are right. A filter is justified where this is above the figure before.',
    range: [0, 1],
    curve: (trial) =>
      ratioCurve(
        trial,
        ({ low }) => low.othersRight,
        ({ low }) => low.others,
      ),
  },
  {
    name: 'low-for-label',
    title: 'Below the fence: votes for the label',
    note: 'Share of the rollouts below the fence that would have voted for the label that was chosen.',
    range: [0, 1],
    curve: (trial) =>
      ratioCurve(
        trial,
        ({ low }) => low.forLabel,
        ({ low }) => low.count,
      ),
  },
  {
    name: 'low-flips',
    title: 'Labels that their votes would change',
    note: 'Prompts of an iteration that would have another label, or one at all, had the rollouts below the fence voted.',
    range: [0, null],
    curve: (trial) => trainingCurve(trial, ({ low }) => low.flipped),
  },
];
