/** Everything that training changes. All arrays are flat and of one length. */
export interface TrainerState {
  readonly policy: Float32Array;
  readonly momentum: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Optimiser updates so far: AdamW's bias correction counts these, not iterations. */
  readonly optimizerSteps: number;
}

/** A new run's state: the momentum model starts as the policy. */
export function initialTrainerState(policy: Float32Array): TrainerState {
  return {
    policy,
    momentum: policy.slice(),
    firstMoment: new Float32Array(policy.length),
    secondMoment: new Float32Array(policy.length),
    optimizerSteps: 0,
  };
}
