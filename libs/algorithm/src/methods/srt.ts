import type { Method } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { countRollouts } from '../rollout-counts.ts';
import { majorityVote } from '../vote.ts';

/**
 * SRT (Shafayat et al. 2025, arXiv 2505.21444): the policy's own majority is its label, unfiltered.
 *
 * The M-GRPO paper runs it with Eq. 2's advantages; its own code has `advantage.estimator: rloo`.
 */
export const srt: Method = {
  summary: "SRT: the policy's own majority vote is its label (Shafayat et al. 2025)",
  counts: countRollouts({ momentumOneIn: null, leastMomentum: 0, trainedOneIn: 1 }),
  filter: 'off',
  klReference: 'initial',
  momentumSchedule: 'constant',
  labels: { kind: 'vote', voters: ['policy'], label: majorityVote },
  reward: agreementReward,
  needsSelfCertainty: false,
};
