import { MgrpoError } from '@mgrpo/errors';
import { type GroupOptions, type Method, type RolloutCounts, requireCount } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { majorityVote } from '../vote.ts';

/** All G rollouts are the policy's. */
function counts({ groupSize, momentumRollouts }: GroupOptions): RolloutCounts {
  requireCount('groupSize', groupSize, 1);
  if (momentumRollouts !== null && momentumRollouts !== 0) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `algorithm.momentumRollouts is ${momentumRollouts}, but method srt has no momentum model; ` +
        'set it to 0 or choose algorithm.method: mgrpo',
    );
  }
  return { policy: groupSize, momentum: 0, trained: groupSize };
}

/** SRT (Shafayat et al. 2025, arXiv 2505.21444): the policy's own majority is its label, unfiltered. */
export const srt: Method = {
  summary: "SRT: the policy's own majority vote is its label (Shafayat et al. 2025)",
  counts,
  filter: 'off',
  klReference: 'initial',
  voters: ['policy'],
  label: majorityVote,
  reward: agreementReward,
};
