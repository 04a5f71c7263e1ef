import type { Method } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { countRollouts } from '../rollout-counts.ts';
import { majorityVote } from '../vote.ts';

/** M-GRPO (the paper's Algorithm 1): policy and momentum model vote together, the policy is trained. */
export const mgrpo: Method = {
  summary: 'M-GRPO: policy and momentum model vote together behind an entropy filter (Algorithm 1)',
  // N = G/4 unless told (section 3 of the paper).
  counts: countRollouts({ momentumOneIn: 4, leastMomentum: 0, trainedOneIn: 1 }),
  filter: 'iqr',
  klReference: 'initial',
  momentumSchedule: 'constant',
  labels: { kind: 'vote', voters: ['policy', 'momentum'], label: majorityVote },
  reward: agreementReward,
  needsSelfCertainty: false,
};
