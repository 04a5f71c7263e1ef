import type { ImportanceOptions, TokenImportance } from './importance.ts';
import { type LossAggregation, type StepTotals, tokenWeight } from './loss-aggregation.ts';

/** Which frozen or slow weights the KL term holds the policy near. */
export type KlReference = 'initial' | 'momentum' | 'none';

/** The loss of a step. */
export interface LossOptions {
  /** The ratio is clipped to 1 ± this. Paper, Table 4: 0.2. */
  readonly clipRatio: number;
  /** Factor of the KL term. Paper, Table 4: 0.005. */
  readonly klCoefficient: number;
  /**
   * `initial`: the frozen initial policy (the authors' code); `momentum`: the current momentum model
   * (Co-rewarding-II); `none`: no KL term. Null takes the method's own.
   */
  readonly klReference: KlReference | null;
  /** Null: the sampler's logprobs are taken for the learner's, as in the paper. */
  readonly importance: ImportanceOptions | null;
  /** How token losses are averaged; `eq3` also leaves out ratio, clip and KL. */
  readonly aggregation: LossAggregation;
}

/** One response that trains. All logprobs are natural logarithms at the sampling temperature. */
export interface LossSequence {
  readonly advantage: number;
  /** Of the response tokens, by the weights being trained. */
  readonly logprobs: ArrayLike<number>;
  /** By the weights that sampled them. */
  readonly behaviourLogprobs: ArrayLike<number>;
  /** By the KL reference; null without one. */
  readonly referenceLogprobs: ArrayLike<number> | null;
  /** Null without truncated importance sampling. */
  readonly importance: TokenImportance | null;
}

/** VeRL's bound of a log-ratio (nats). Beyond it, as beyond `maxKlEstimate`, a token's gradient is zero. */
export const maxLogRatio = 20;
/** VeRL's bound of k3 (nats). */
export const maxKlEstimate = 10;

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}

/**
 * The importance ratio `exp(logprob - behaviour)`.
 *
 * The log-ratio is clamped to ±20: exp() overflows float32 above 88, and one token would own the batch.
 */
export function importanceRatio(logprob: number, behaviourLogprob: number): number {
  return Math.exp(clamp(logprob - behaviourLogprob, maxLogRatio));
}

/** The clipped surrogate as a loss: `-min(r A, clip(r, 1 - c, 1 + c) A)` (Schulman et al. 2017). */
export function surrogateLoss(ratio: number, advantage: number, clipRatio: number): number {
  const clipped = Math.min(Math.max(ratio, 1 - clipRatio), 1 + clipRatio);
  return -Math.min(ratio * advantage, clipped * advantage);
}

/**
 * The k3 estimate of KL(policy || reference): `exp(d) - d - 1` with `d = reference - logprob`
 * (Schulman 2020, "Approximating KL divergence"); d clamped to ±20 and the estimate to 10 as in VeRL.
 */
export function klEstimate(logprob: number, referenceLogprob: number): number {
  const difference = clamp(referenceLogprob - logprob, maxLogRatio);
  return Math.min(Math.exp(difference) - difference - 1, maxKlEstimate);
}

/** A step's loss (to be minimised) and its parts, aggregated alike: `loss = policyLoss + coefficient × kl`. */
export interface StepLoss {
  readonly loss: number;
  readonly policyLoss: number;
  /** Aggregated k3 estimate, before the coefficient; 0 without a reference. */
  readonly kl: number;
}

/**
 * The loss of a step in float64: the reference that the graph's loss is tested against. With truncated importance
 * sampling each token's advantage counts by its weight, and its ratio is to the learner's own logprob.
 *
 * @param totals of the whole step; `sequences` may be a microbatch of it
 */
export function stepLoss(
  sequences: readonly LossSequence[],
  totals: StepTotals,
  options: LossOptions,
): StepLoss {
  let policyLoss = 0;
  let kl = 0;
  for (const sequence of sequences) {
    const { logprobs, behaviourLogprobs, referenceLogprobs, importance } = sequence;
    const old = importance?.proximalLogprobs ?? behaviourLogprobs;
    const weight = tokenWeight(options.aggregation, logprobs.length, totals);
    for (let t = 0; t < logprobs.length; t++) {
      const logprob = logprobs[t]!;
      const advantage = sequence.advantage * (importance?.weights[t] ?? 1);
      if (options.aggregation === 'eq3') {
        policyLoss -= weight * advantage * logprob;
        continue;
      }
      const ratio = importanceRatio(logprob, old[t]!);
      policyLoss += weight * surrogateLoss(ratio, advantage, options.clipRatio);
      if (referenceLogprobs !== null) kl += weight * klEstimate(logprob, referenceLogprobs[t]!);
    }
  }
  return { loss: policyLoss + options.klCoefficient * kl, policyLoss, kl };
}
