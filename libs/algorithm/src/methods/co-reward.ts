import type { Method } from '../method.ts';
import { majorityVote } from '../vote.ts';
import { srt } from './srt.ts';

/**
 * Co-rewarding-I, first named Co-Reward (Zhang et al. 2025, arXiv 2508.00410): SRT on a question and a
 * rephrasing of it, each labelled by the majority of the other.
 */
export const coReward: Method = {
  ...srt,
  summary: 'Co-Reward: a question and its rephrasing label each other (Zhang et al. 2025)',
  labels: { kind: 'cross-vote', voters: ['policy'], label: majorityVote },
};
