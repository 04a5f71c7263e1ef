import { tensor } from '@mgrpo/runtime';
import type { Feeds } from './model-feeds.ts';
import type { Compute } from './recompute.ts';

/** By what the loss is multiplied before it is differentiated in float16, and since how many steps. */
export interface LossScale {
  /** A power of two from 1. */
  readonly scale: number;
  /** Steps that were made at this scale. */
  readonly steps: number;
}

/** PyTorch's GradScaler begins so too. */
export const initialLossScale: LossScale = { scale: 2 ** 16, steps: 0 };

/** Steps after which the scale doubles, as in PyTorch's GradScaler. */
const stepsToDouble = 2000;
const largestScale = 2 ** 24;

/** What became of a step: `overflowed` where its gradient was not finite and a smaller scale may make it so. */
export type ScaledOutcome = 'made' | 'overflowed' | 'skipped';

/**
 * The scale of the next step (Micikevicius et al. 2018): half as large after an overflow, twice as large after 2000 steps
 * without one. A function of the steps alone, so that a replay has the same.
 */
export function nextLossScale({ scale, steps }: LossScale, outcome: ScaledOutcome): LossScale {
  if (outcome === 'overflowed') return { scale: scale / 2, steps: 0 };
  if (outcome === 'skipped' || scale === largestScale) return { scale, steps };
  return steps + 1 < stepsToDouble ? { scale, steps: steps + 1 } : { scale: 2 * scale, steps: 0 };
}

/** What a gradient that is not finite says: at scale 1 it is the model's own. */
export function isOverflow(what: 'loss' | 'gradient', { scale }: LossScale): boolean {
  return what === 'gradient' && scale > 1;
}

/** The scale as an input of a gradients graph of float16. */
export function scaleFeeds(compute: Compute | undefined, scale: number): Feeds {
  return compute === 'float16' ? { lossScale: tensor(Float32Array.of(scale), []) } : {};
}
