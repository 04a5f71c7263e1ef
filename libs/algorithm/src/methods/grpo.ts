import type { Method } from '../method.ts';
import { agreementReward } from '../reward.ts';
import { countRollouts } from '../rollout-counts.ts';

/** GRPO with gold answers (Shao et al. 2024, arXiv 2402.03300): not label-free, the upper bound. */
export const grpo: Method = {
  summary: 'GRPO: gold answers are the labels, as an upper bound (Shao et al. 2024)',
  counts: countRollouts({ momentumOneIn: null, leastMomentum: 0, trainedOneIn: null }),
  filter: 'off',
  klReference: 'initial',
  momentumSchedule: 'constant',
  labels: { kind: 'gold' },
  reward: agreementReward,
  needsSelfCertainty: false,
};
