import type { TrainingLoss } from './training-options.ts';

/** The loss of most tests: the paper's clip and KL coefficient, without a reference. */
export const policyLoss = {
  kind: 'policy',
  clipRatio: 0.2,
  klCoefficient: 0.005,
  importance: null,
  aggregation: 'token-mean',
  klReference: 'none',
} as const satisfies TrainingLoss;

/** AdamW of most tests. */
export const adamwOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradientNorm: 1,
} as const;
