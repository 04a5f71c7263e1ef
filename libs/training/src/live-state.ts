import type { StepTotals } from '@mgrpo/algorithm';
import type { ModelConfig } from '@mgrpo/model';
import type { Device } from '@mgrpo/runtime';
import type { AdamwOptions } from './adamw.ts';
import { DeviceState } from './device-state.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import { HostState } from './host-state.ts';
import type { StepControl, StepScores } from './microbatch-runs.ts';
import type { ScoreOptions } from './scorer.ts';
import type { StoredReference } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import type { TrainerState } from './trainer-state.ts';
import type { GradientOptions } from './training-options.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** What a trainer's state is made of. */
export interface StateInit {
  readonly model: ModelConfig;
  /** Taken over: updated in place, or given to the device and emptied here. */
  readonly state: TrainerState;
  /** The frozen initial policy; needed where the KL reference is `initial`, and in memory under an adapter. */
  readonly reference: Float32Array | StoredReference | null;
  /** What computes logprobs and gradients. Default: the CPU. */
  readonly device?: Device;
}

/** Whose weights score tokens. */
export type ScoringWeights = 'policy' | 'momentum' | 'reference';

/** What a step's gradient says before it is applied. */
export interface GradientScores extends StepScores {
  /** Global L2 norm, of the gradient times the loss scale. */
  readonly norm: number;
}

/** A trainer's state where it lives between steps, and what changes it. Runs block, so it lives in an engine thread. */
export interface LiveState {
  /** Computes the gradient of a step's loss at the present weights, which stays until the next; see `GradientPass`. */
  differentiate(
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    control: StepControl,
  ): Promise<GradientScores>;
  /** One AdamW update by that gradient; the policy follows. */
  update(options: AdamwOptions): Promise<void>;
  /** One step of the momentum model towards the policy (Eq. 1). */
  updateMomentum(coefficient: number): Promise<void>;
  score(
    sequences: readonly ScoredSequence[],
    weights: ScoringWeights,
    options: ScoreOptions,
  ): Promise<TokenScores[]>;
  /** A copy of the last gradient, flat, times the loss scale. */
  gradient(): Promise<Float32Array>;
  /** Copies of the two models. */
  weights(): Promise<Pick<TrainerState, 'policy' | 'momentum'>>;
  /** Copies of everything that training changes. */
  arrays(): Promise<Omit<TrainerState, 'optimizerSteps' | 'lossScale'>>;
  close(): Promise<void>;
}

/** On WebGPU the state lives in the memory of the device, else in this process. */
export function openLiveState(init: StateInit, options: GradientOptions): Promise<LiveState> {
  const { device = 'cpu', ...rest } = init;
  return device === 'webgpu'
    ? DeviceState.open(rest, options)
    : HostState.open({ ...rest, device }, options);
}
