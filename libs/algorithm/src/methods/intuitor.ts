import type { Method } from '../method.ts';
import { selfCertaintyReward } from '../reward.ts';
import { countRollouts } from '../rollout-counts.ts';

/** Intuitor (Zhao et al. 2025, arXiv 2505.19590): no vote; a response earns the confidence it was sampled with. */
export const intuitor: Method = {
  summary: 'Intuitor: the reward is self-certainty, there is no vote (Zhao et al. 2025)',
  counts: countRollouts({ momentumOneIn: null, leastMomentum: 0, trainedOneIn: null }),
  filter: 'off',
  klReference: 'initial',
  momentumSchedule: 'constant',
  labels: { kind: 'none' },
  reward: selfCertaintyReward,
  needsSelfCertainty: true,
};
