import type { Method } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { countRollouts } from '../rollout-counts.ts';
import { majorityVote } from '../vote.ts';

/**
 * Co-rewarding-II (Zhang et al. 2025, arXiv 2508.00410): the momentum model alone votes, and is the KL
 * reference; 1 - m falls from 0.01 to 1e-5 on a cosine.
 *
 * In its code both models sample 8 rollouts, so N is G/2 here.
 */
export const coRewarding2: Method = {
  summary: 'Co-rewarding-II: the momentum model alone votes (Zhang et al. 2025)',
  counts: countRollouts({ momentumOneIn: 2, leastMomentum: 1, trainedOneIn: null }),
  filter: 'off',
  klReference: 'momentum',
  momentumSchedule: 'cosine',
  labels: { kind: 'vote', voters: ['momentum'], label: majorityVote },
  reward: agreementReward,
  needsSelfCertainty: false,
};
