import { MgrpoError } from '@mgrpo/errors';
import { type GroupOptions, type Method, type RolloutCounts, requireCount } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { majorityVote } from '../vote.ts';

function quarter(groupSize: number): number {
  if (groupSize % 4 !== 0) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `algorithm.groupSize ${groupSize} is not a multiple of 4, so the momentum model's share G/4 is not ` +
        'a whole number; choose a multiple of 4 or set algorithm.momentumRollouts',
    );
  }
  return groupSize / 4;
}

/** G = M + N rollouts, of which the momentum model samples N = G/4 unless told (section 3 of the paper). */
function counts({ groupSize, momentumRollouts }: GroupOptions): RolloutCounts {
  requireCount('groupSize', groupSize, 1);
  const momentum = momentumRollouts ?? quarter(groupSize);
  requireCount('momentumRollouts', momentum, 0);
  const policy = groupSize - momentum;
  if (policy < 1) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `algorithm.momentumRollouts ${momentum} leaves no policy rollouts of algorithm.groupSize ` +
        `${groupSize}; lower it or raise the group size`,
    );
  }
  return { policy, momentum, trained: policy };
}

/** M-GRPO (the paper's Algorithm 1): policy and momentum model vote together, the policy is trained. */
export const mgrpo: Method = {
  summary: 'M-GRPO: policy and momentum model vote together behind an entropy filter (Algorithm 1)',
  counts,
  filter: 'iqr',
  klReference: 'initial',
  voters: ['policy', 'momentum'],
  label: majorityVote,
  reward: agreementReward,
};
