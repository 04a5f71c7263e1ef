import { klReference } from '@mgrpo/algorithm';
import type { RunConfig } from '@mgrpo/config';
import { initialAdapter, type ModelConfig } from '@mgrpo/model';
import { freeArrays } from '@mgrpo/runtime';
import { passLimits } from './recompute.ts';
import { storedReference } from './stored-weights.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import { trainingOptions } from './training-options.ts';
import type { TrainingWorkerInit } from './training-worker.ts';

/** The base model of a run, of the folder `model.path`. */
interface BaseModel {
  readonly config: ModelConfig;
  /** Taken over: they become part of what the engine starts with, or are freed. */
  readonly weights: Float32Array;
}

/**
 * What a run's training engine starts with.
 *
 * @param state of a checkpoint; null begins anew, where the momentum model is the policy (Algorithm 1, line 2)
 */
export function runTrainerInit(
  config: Pick<
    RunConfig,
    'seed' | 'model' | 'algorithm' | 'sampling' | 'prompts' | 'learner' | 'deployment'
  >,
  { config: model, weights }: BaseModel,
  state: TrainerState | null,
): TrainingWorkerInit {
  const { algorithm, sampling, seed } = config;
  const { adapter } = algorithm;
  const place = initialWeightsPlace(config);
  const reference = {
    none: () => null,
    memory: () => weights,
    disk: () => storedReference(model, config.model.path, weights),
  }[place]();
  const begin = () =>
    initialTrainerState(
      place === 'memory' ? weights.slice() : weights,
      adapter && initialAdapter(model, adapter, seed),
    );
  if (state !== null && place !== 'memory') freeArrays([weights]);
  return {
    model,
    options: trainingOptions(algorithm, sampling.temperature, passLimits(config, model)),
    state: state ?? begin(),
    reference,
  };
}

/** Where a run's learner keeps the initial weights, which an adapter sits on and the KL reference may be. */
export function initialWeightsPlace({
  algorithm,
  deployment,
}: Pick<RunConfig, 'algorithm' | 'deployment'>): 'none' | 'memory' | 'disk' {
  if (algorithm.adapter !== null) return 'memory';
  return klReference(algorithm) === 'initial' ? deployment.learner.reference : 'none';
}
