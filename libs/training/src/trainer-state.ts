import type { LossScale } from './loss-scale.ts';

/** Everything that training changes, as flat arrays: two models, and of what trains its moments. */
export interface TrainerState {
  readonly policy: Float32Array;
  readonly momentum: Float32Array;
  /** The flat adapter, where one trains and the policy is the sum of it and the initial weights; else null. */
  readonly adapter: Float32Array | null;
  /** Of the adapter where there is one, else of the policy. */
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Optimiser updates so far: AdamW's bias correction counts these, not iterations. */
  readonly optimizerSteps: number;
  /** Null unless gradients are computed in float16. */
  readonly lossScale: LossScale | null;
}

/** A new run's state: the momentum model starts as the policy, which an adapter does not change yet. */
export function initialTrainerState(
  policy: Float32Array,
  adapter: Float32Array | null = null,
): TrainerState {
  const { length } = adapter ?? policy;
  return {
    policy,
    momentum: policy.slice(),
    adapter,
    firstMoment: new Float32Array(length),
    secondMoment: new Float32Array(length),
    optimizerSteps: 0,
    lossScale: null,
  };
}
