import { klReference } from '@mgrpo/algorithm';
import type { RunConfig } from '@mgrpo/config';
import { initialAdapter, type ModelConfig } from '@mgrpo/model';
import { passLimits } from './recompute.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import { trainingOptions } from './training-options.ts';
import type { TrainingWorkerInit } from './training-worker.ts';

/** The base model of a run. */
interface BaseModel {
  readonly config: ModelConfig;
  /** They move to the engine's thread where an adapter or the KL reference needs them. */
  readonly weights: Float32Array;
}

/**
 * What a run's training engine starts with.
 *
 * @param state of a checkpoint; null begins anew, where the momentum model is the policy (Algorithm 1, line 2)
 */
export function runTrainerInit(
  config: Pick<RunConfig, 'seed' | 'algorithm' | 'sampling' | 'prompts' | 'learner'>,
  { config: model, weights }: BaseModel,
  state: TrainerState | null,
): TrainingWorkerInit {
  const { algorithm, sampling, seed } = config;
  const { adapter } = algorithm;
  const begin = () =>
    initialTrainerState(weights.slice(), adapter && initialAdapter(model, adapter, seed));
  const needsInitial = adapter !== null || klReference(algorithm) === 'initial';
  return {
    model,
    options: trainingOptions(algorithm, sampling.temperature, passLimits(config, model)),
    state: state ?? begin(),
    reference: needsInitial ? weights : null,
  };
}
