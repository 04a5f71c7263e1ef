/** AdamW and its schedule. Steps are optimiser updates, counted from 0. */
export interface OptimizerOptions {
  /** Peak learning rate. Paper, Table 4: 1e-6. */
  readonly learningRate: number;
  /** Decay of the first moment. Table 4: 0.9. */
  readonly beta1: number;
  /** Decay of the second moment. Table 4: 0.999. */
  readonly beta2: number;
  /** Added to the root of the second moment. Table 4: 1e-8. */
  readonly epsilon: number;
  /** Decoupled weight decay of every parameter. Not in the paper; VeRL: 0.01. */
  readonly weightDecay: number;
  /** Gradients with a larger global norm are scaled down to it. Not in the paper; VeRL: 1.0. */
  readonly maxGradientNorm: number;
  /** After warm-up: `cosine` to 0 at the last step (Table 4), or `constant`. */
  readonly schedule: 'cosine' | 'constant';
  /** Share of all steps in which the learning rate rises linearly. Table 4: 0.1. */
  readonly warmupRatio: number;
  /** `linear`: the first update has lr / warm-up steps. `verl`: it has 0, as there. */
  readonly warmup: 'linear' | 'verl';
  /** Prompts of one optimiser step; null takes the whole iteration (one step, as in the paper). */
  readonly minibatchPrompts: number | null;
}

/**
 * The learning rate of one optimiser step.
 *
 * With w warm-up steps (rounded down) of n: `lr (step + 1) / w` while step < w (`verl`: `lr step / w`),
 * then `lr (1 + cos(pi (step - w) / (n - w))) / 2`, or constant. Steps beyond n stay at the end value.
 *
 * @param step updates before this one, also counting those skipped for want of a signal
 */
export function learningRateAt(
  step: number,
  totalSteps: number,
  options: Pick<OptimizerOptions, 'learningRate' | 'schedule' | 'warmupRatio' | 'warmup'>,
): number {
  const { learningRate, schedule, warmupRatio, warmup } = options;
  const warmupSteps = Math.floor(warmupRatio * totalSteps);
  if (step < warmupSteps) {
    return (learningRate * (warmup === 'verl' ? step : step + 1)) / warmupSteps;
  }
  if (schedule === 'constant') return learningRate;
  const progress = Math.min((step - warmupSteps) / Math.max(totalSteps - warmupSteps, 1), 1);
  return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}
