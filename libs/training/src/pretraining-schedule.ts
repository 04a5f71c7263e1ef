/** Learning rates of supervised pretraining: up, level, down to 0. */
export interface PretrainingSchedule {
  /** Peak. */
  readonly learningRate: number;
  /** Steps in which it rises linearly. */
  readonly warmupSteps: number;
  /** Share of all steps, the last ones, in which it falls linearly. */
  readonly decayShare: number;
}

/**
 * The learning rate of one step: `peak min(1, (step + 1) / warm-up, (steps - step) / (decayShare steps))`.
 *
 * @param step from 0
 */
export function pretrainingRate(
  step: number,
  steps: number,
  { learningRate, warmupSteps, decayShare }: PretrainingSchedule,
): number {
  const rise = warmupSteps === 0 ? 1 : (step + 1) / warmupSteps;
  const fall = decayShare === 0 ? 1 : (steps - step) / (decayShare * steps);
  return learningRate * Math.min(1, rise, fall);
}
