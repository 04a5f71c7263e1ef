import {
  type AdapterOptions,
  type AlgorithmOptions,
  type KlReference,
  klReference,
  type LossAggregation,
  type LossOptions,
  learningRateAt,
  maxKlEstimate,
  momentumCoefficientAt,
  momentumSchedule,
  type OptimizerOptions,
  stepsPerIteration,
} from '@mgrpo/algorithm';
import type { LossKind } from '@mgrpo/model';
import type { MicrobatchLayout } from './microbatch.ts';
import type { PassLimits } from './recompute.ts';

/** What a trainer minimises. */
export type TrainingLoss =
  | (Pick<LossOptions, 'clipRatio' | 'klCoefficient' | 'importance' | 'aggregation'> & {
      readonly kind: 'policy';
      /** Resolved: `none` where no KL enters the loss. */
      readonly klReference: KlReference;
    })
  | {
      /** Mean negative log-likelihood of the response tokens. */
      readonly kind: 'supervised';
    };

export interface TrainingOptions extends PassLimits {
  readonly loss: TrainingLoss;
  readonly optimizer: Pick<
    OptimizerOptions,
    'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'maxGradientNorm'
  >;
  /** What trains instead of the weights; null: they do. */
  readonly adapter: AdapterOptions | null;
  /** Logits are divided by it: the temperature that sampled, or 1. */
  readonly temperature: number;
}

/** The training options of a run. */
export function trainingOptions(
  algorithm: Pick<AlgorithmOptions, 'method' | 'adapter' | 'loss' | 'optimizer'>,
  temperature: number,
  limits: PassLimits,
): TrainingOptions {
  const { clipRatio, klCoefficient, importance, aggregation } = algorithm.loss;
  const reference = klReference(algorithm);
  return {
    loss: {
      kind: 'policy',
      clipRatio,
      klCoefficient,
      importance,
      aggregation,
      klReference: reference,
    },
    optimizer: algorithm.optimizer,
    adapter: algorithm.adapter,
    temperature,
    ...limits,
  };
}

/** How a gradient pass weighs and differentiates a step's tokens. */
export interface GradientOptions
  extends PassLimits,
    Pick<TrainingOptions, 'adapter' | 'temperature'> {
  readonly loss: LossKind;
  readonly aggregation: LossAggregation;
  /** How padded microbatches are cut, where there is padding. */
  readonly layout: Exclude<MicrobatchLayout, 'packed'>;
}

/** The gradient pass that a trainer's loss asks for. */
export function gradientOptions(options: TrainingOptions): GradientOptions {
  const { loss, adapter, temperature, microbatchTokens, recompute, compute = 'float32' } = options;
  const shared = { adapter, temperature, microbatchTokens, recompute, compute };
  if (loss.kind === 'supervised') {
    // Another cut would round differently, and pretraining has to make the base models of models/ again, to the bit.
    const layout = 'filled';
    return { ...shared, layout, loss: { kind: 'log-likelihood' }, aggregation: 'token-mean' };
  }
  const { clipRatio, aggregation } = loss;
  const layout = 'padded';
  if (aggregation === 'eq3') {
    return { ...shared, layout, loss: { kind: 'log-likelihood' }, aggregation };
  }
  const klCoefficient = loss.klReference === 'none' ? 0 : loss.klCoefficient;
  return {
    ...shared,
    layout,
    loss: { kind: 'clipped', clipRatio, klCoefficient, maxKlEstimate },
    aggregation,
  };
}

/** The scheduled numbers of one iteration. */
export interface IterationSchedule {
  /** One per optimiser step. */
  readonly learningRates: readonly number[];
  /** m of Eq. 1: one for the iteration, or one per step (`momentum.every: step`). */
  readonly momentumCoefficients: readonly number[];
}

/**
 * Learning rates and momentum coefficients of iteration t; they advance whether or not it has a signal.
 *
 * @param iteration t, from 0
 */
export function iterationSchedule(
  iteration: number,
  totalIterations: number,
  algorithm: Pick<AlgorithmOptions, 'method' | 'promptsPerIteration' | 'optimizer' | 'momentum'>,
): IterationSchedule {
  const numSteps = stepsPerIteration(algorithm);
  const numUpdates = algorithm.momentum.every === 'step' ? numSteps : 1;
  const count = (length: number): number[] =>
    Array.from({ length }, (_, i) => iteration * length + i);
  return {
    learningRates: count(numSteps).map((step) =>
      learningRateAt(step, totalIterations * numSteps, algorithm.optimizer),
    ),
    momentumCoefficients: count(numUpdates).map((update) =>
      momentumCoefficientAt(update, totalIterations * numUpdates, momentumSchedule(algorithm)),
    ),
  };
}
