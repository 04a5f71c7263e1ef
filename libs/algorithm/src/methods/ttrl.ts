import type { Method } from '../method.ts';
import { countRollouts } from '../rollout-counts.ts';
import { srt } from './srt.ts';

/**
 * TTRL (Zuo et al. 2025, arXiv 2504.16084): SRT whose vote is wider than its training batch.
 *
 * Its code (PRIME-RL/TTRL) votes with 64 rollouts and trains on the first 32 of them.
 */
export const ttrl: Method = {
  ...srt,
  summary: 'TTRL: all policy rollouts vote, the first half of them train (Zuo et al. 2025)',
  counts: countRollouts({ momentumOneIn: null, leastMomentum: 0, trainedOneIn: 2 }),
};
