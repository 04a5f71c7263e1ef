import type { RunConfig } from '@mgrpo/config';
import { largestOfTraining, type ModelConfig } from '@mgrpo/model';
import type { DeviceNeeds } from '@mgrpo/runtime';
import { numTrained } from './trained-part.ts';

/**
 * What is made again for the backward pass: nothing, so that one run keeps every activation, or `layers`, which
 * keeps their inputs and takes a layer, a block of attention and a chunk of the vocabulary at a time.
 */
export type Recompute = 'none' | 'layers';

/** What a GPU computes products in. */
export type Compute = 'float32' | 'float16';

/** What bounds the memory of a gradient pass, and what it computes in. */
export interface PassLimits {
  /** Largest microbatch in tokens, padding included where there is padding. */
  readonly microbatchTokens: number;
  readonly recompute: Recompute;
  /** What products are computed in. Default: float32. */
  readonly compute?: Compute;
}

/** The limits that a run's configuration sets for a model; all of them decide rounding. */
export function passLimits(
  {
    algorithm,
    learner,
    prompts,
    sampling,
  }: Pick<RunConfig, 'algorithm' | 'learner' | 'prompts' | 'sampling'>,
  model: ModelConfig,
): PassLimits {
  const { microbatchTokens, device, compute } = learner;
  // Layer by layer is the CPU's way: a GPU's tensors would all pass through this process.
  if (learner.recompute === 'auto' && device !== 'cpu')
    return { microbatchTokens, recompute: 'none', compute };
  const longestSequence = prompts.maxPromptTokens + sampling.maxResponseTokens;
  const gradients = numTrained(model, algorithm.adapter);
  const shape = { microbatchTokens, longestSequence, gradients };
  const recompute = resolveRecompute(learner.recompute, model, shape);
  return { microbatchTokens, recompute, compute };
}

/** What a run's learner asks of a GPU, which computes a gradient pass in one graph. */
export function learnerNeeds(
  { learner, prompts, sampling }: Pick<RunConfig, 'learner' | 'prompts' | 'sampling'>,
  model: ModelConfig,
): DeviceNeeds {
  const { microbatchTokens, compute } = learner;
  const longestSequence = prompts.maxPromptTokens + sampling.maxResponseTokens;
  const largest = largestOfTraining(model, { microbatchTokens, longestSequence });
  return { largest, float16: compute === 'float16' };
}

/** Tokens of a microbatch and of the longest sequence in it, and numbers of a gradient. */
export interface MicrobatchShape {
  readonly microbatchTokens: number;
  readonly longestSequence: number;
  readonly gradients: number;
}

/** Numbers that one run may hold before `auto` means `layers`: 2 GiB. */
const maxWholeNumbers = 2 ** 29;

/**
 * What `learner.recompute` means for a model: a function of the configuration alone, since it decides rounding.
 * Free memory must never have a say.
 */
function resolveRecompute(
  setting: 'auto' | Recompute,
  model: ModelConfig,
  shape: MicrobatchShape,
): Recompute {
  if (setting !== 'auto') return setting;
  return wholePassNumbers(model, shape) > maxWholeNumbers ? 'layers' : 'none';
}

/**
 * Numbers that a gradient pass in one graph holds at its end: what each layer keeps for its backward pass
 * (hidden states, projections, attention weights, MLP), logits and their softmax, and the gradients as parts,
 * joined and fetched.
 */
export function wholePassNumbers(
  model: ModelConfig,
  { microbatchTokens, longestSequence, gradients }: MicrobatchShape,
): number {
  const { hiddenSize, numHeads, numKvHeads, headDim, intermediateSize, numLayers } = model;
  const perLayer =
    6 * hiddenSize +
    (4 * numHeads + 4 * numKvHeads) * headDim +
    4 * intermediateSize +
    2 * numHeads * longestSequence;
  const perToken = numLayers * perLayer + 2 * model.vocabSize;
  return microbatchTokens * perToken + 3 * gradients;
}
