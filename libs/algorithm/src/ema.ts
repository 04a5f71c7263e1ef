import { MgrpoError } from '@mgrpo/errors';

/** The momentum model's coefficient m of Eq. 1 and how it moves. */
export interface MomentumOptions {
  /** m, in [0, 1]: how much of itself the momentum model keeps. Paper, section 2.1: 0.99. */
  readonly coefficient: number;
  /**
   * `constant` (the paper), or `cosine`: 1 - m falls from its first to its final value (Co-rewarding-II).
   * Null takes the method's own.
   */
  readonly schedule: 'constant' | 'cosine' | null;
  /** `cosine`: what m approaches at the end; 1 would freeze the model. Co-rewarding-II: 0.99999. */
  readonly finalCoefficient: number;
  /** Once per `iteration` (Algorithm 1, line 18), or after every optimiser `step` of it. */
  readonly every: 'iteration' | 'step';
}

/** How m moves, with the method's own schedule filled in. */
export type MomentumSchedule = Pick<MomentumOptions, 'coefficient' | 'finalCoefficient'> & {
  readonly schedule: 'constant' | 'cosine';
};

/**
 * The coefficient m of one EMA update.
 *
 * Cosine: `1 - m(u) = (1 - m_end) + (m_end - m_start) (1 + cos(pi u / n)) / 2`.
 *
 * @param update EMA updates before this one, also counting those skipped for want of a signal
 */
export function momentumCoefficientAt(
  update: number,
  totalUpdates: number,
  options: MomentumSchedule,
): number {
  const { coefficient, schedule, finalCoefficient } = options;
  if (schedule === 'constant') return coefficient;
  const progress = Math.min(update / Math.max(totalUpdates, 1), 1);
  const remaining = (1 + Math.cos(Math.PI * progress)) / 2;
  return finalCoefficient - (finalCoefficient - coefficient) * remaining;
}

/**
 * One step of the momentum model, in place: `theta_k <- m theta_k + (1 - m) theta_q` (Eq. 1).
 *
 * Each element is computed in float64 and rounded to float32 once, so equal weights stay equal to the
 * bit. Stored in float32: in bfloat16 a step of 1e-2 × 1e-6 would vanish.
 *
 * @param momentum theta_k, flat; overwritten
 * @param policy theta_q, flat, of the same length
 */
export function emaStep(momentum: Float32Array, policy: Float32Array, m: number): void {
  if (momentum.length !== policy.length) {
    throw new MgrpoError(
      'INTERNAL',
      `momentum has ${momentum.length} weights, policy has ${policy.length}: they must be of one model`,
    );
  }
  const rest = 1 - m;
  for (let i = 0; i < momentum.length; i++) {
    momentum[i] = m * momentum[i]! + rest * policy[i]!;
  }
}
