import type { RunConfig } from '@mgrpo/config';
import {
  type ModelConfig,
  numAdapterParameters,
  numParameters,
  quantisedModelBytes,
} from '@mgrpo/model';
import { gradientPassBytes, initialWeightsPlace, passLimits } from '@mgrpo/training';

/** Memory of one process, by what takes it (bytes). */
export interface ProcessMemory {
  readonly process: 'learner' | 'policy-rollout' | 'momentum-rollout';
  /** How many of them run. */
  readonly count: number;
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

/** What a run of a model needs. */
export interface MemoryPlan {
  readonly parameters: number;
  readonly processes: readonly ProcessMemory[];
  /** Of all processes together. */
  readonly totalBytes: number;
}

export type MemorySettings = Pick<
  RunConfig,
  'algorithm' | 'sampling' | 'prompts' | 'learner' | 'rollout' | 'deployment' | 'lag'
>;

const float32 = 4;

/**
 * The memory that weights, optimiser, caches and activations of a run take, all in float32.
 *
 * Weights, optimiser state and caches are exact; activations are an estimate from the shapes that the gradient
 * pass holds. Programs and libraries (about 150 MB a process) come on top.
 */
export function memoryPlan(model: ModelConfig, settings: MemorySettings): MemoryPlan {
  const { algorithm, deployment, lag } = settings;
  const weights = numParameters(model) * float32;
  const versions = lag + 1;
  const { adapter } = algorithm;
  const trained = adapter === null ? weights : numAdapterParameters(model, adapter) * float32;
  // From the disk it comes a stage at a time, or at once, but then before the gradient: what it takes is less than
  // the activations in either case. An adapter sits on the initial weights, which are the KL reference too.
  const holdsInitial = initialWeightsPlace(settings) === 'memory';
  // On WebGPU gradients never come here; the rest does, at the start and for checkpoints.
  const gradients = settings.learner.device === 'webgpu' ? 0 : trained;
  const learner: ProcessMemory = {
    process: 'learner',
    count: 1,
    parts: [
      { name: 'policy', bytes: weights },
      { name: 'momentum model', bytes: weights },
      ...(adapter === null ? [] : [{ name: 'adapter', bytes: trained }]),
      { name: 'gradients', bytes: gradients },
      { name: 'AdamW moments', bytes: 2 * trained },
      ...(holdsInitial ? [{ name: 'KL reference', bytes: weights }] : []),
      { name: `versions served, ${versions} of each`, bytes: 2 * versions * weights },
      { name: 'activations (estimate)', bytes: activationBytes(model, settings) },
    ],
  };
  const rollouts = (['policy', 'momentum'] as const).map((role): ProcessMemory => {
    // One more than a job can ask for: the next one arrives.
    const held = { name: `weights, ${versions + 1} versions`, bytes: (versions + 1) * weights };
    const rounded = roundedParts(model, settings, versions + 1);
    const cache = { name: 'key-value cache', bytes: cacheBytes(model, settings) };
    return {
      process: `${role}-rollout`,
      count: deployment.workers[role],
      parts: [held, ...rounded, cache],
    };
  });
  const processes = [learner, ...rollouts];
  const totalBytes = processes.reduce((sum, part) => sum + part.count * bytesOf(part), 0);
  return { parameters: numParameters(model), processes, totalBytes };
}

/** Memory of one process (bytes). */
export function bytesOf({ parts }: ProcessMemory): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Rounded weights beside those that they were made of. */
function roundedParts(
  model: ModelConfig,
  { rollout: { quantisation } }: MemorySettings,
  versions: number,
): ProcessMemory['parts'] {
  if (quantisation === null) return [];
  const { made, held } = quantisedModelBytes(model, quantisation);
  return [
    { name: `${quantisation.bits}-bit weights, ${versions} versions`, bytes: versions * held },
    // What is rounded, and ONNX Runtime's copy of it until its kernels have packed it.
    { name: 'rounding a version', bytes: 2 * made },
  ];
}

/** Keys and values of all slots at their longest. */
function cacheBytes(model: ModelConfig, { prompts, sampling, deployment }: MemorySettings): number {
  const tokens = prompts.maxPromptTokens + sampling.maxResponseTokens;
  const perToken = 2 * model.numLayers * model.numKvHeads * model.headDim * float32;
  return deployment.rollout.slots * tokens * perToken;
}

/** What the gradient pass of one microbatch holds at its peak in this machine's memory. */
function activationBytes(model: ModelConfig, settings: MemorySettings): number {
  const { prompts, sampling, learner } = settings;
  // A GPU holds its own; by CUDA the gradient is fetched from there.
  if (learner.device === 'webgpu') return 0;
  if (learner.device !== 'cpu') return numParameters(model) * float32;
  const longest = prompts.maxPromptTokens + sampling.maxResponseTokens;
  const { adapter } = settings.algorithm;
  return gradientPassBytes(model, { ...passLimits(settings, model), adapter }, longest);
}
