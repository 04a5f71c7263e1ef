// N tokens of a microbatch, S of its longest sequence, D hidden, H*K width of queries, F intermediate.
import type { AdapterOptions } from '@mgrpo/algorithm';
import { type ModelConfig, numParameters, parameterSpecs } from '@mgrpo/model';
import { type MicrobatchShape, type PassLimits, wholePassNumbers } from './recompute.ts';
import { maxChunkLogits } from './staged-head.ts';
import { queriesPerBlock } from './staged-layers.ts';
import { numTrained } from './trained-part.ts';

const float32 = 4;

/**
 * Bytes that a gradient pass takes at its peak beside the weights and the flat gradient: an estimate from the
 * shapes, which docs/performance.md compares with what was measured.
 *
 * @param longestSequence prompt and response tokens
 */
export function gradientPassBytes(
  model: ModelConfig,
  { microbatchTokens, recompute, adapter }: PassLimits & { adapter: AdapterOptions | null },
  longestSequence: number,
): number {
  const gradients = numTrained(model, adapter);
  const shape = { microbatchTokens, longestSequence, gradients };
  const numbers =
    recompute === 'none' ? wholePassNumbers(model, shape) : stagedPassNumbers(model, shape);
  return float32 * numbers;
}

/**
 * Each layer's input and attention, and the largest of what is there one after the other: the backward pass of
 * an MLP with the gradients of its weights, twice while they are fetched; a block of attention; the output head.
 * With an adapter there are no gradients of weights, and it was 10 to 20 % less.
 */
function stagedPassNumbers(
  model: ModelConfig,
  { microbatchTokens: N, longestSequence: S }: MicrobatchShape,
): number {
  const { hiddenSize: D, numHeads: H, headDim: K, intermediateSize: F, numLayers } = model;
  const records = numLayers * N * (D + H * K);
  const layerWeights = parameterSpecs(model)
    .filter(({ name }) => name.startsWith('model.layers.0.'))
    .reduce((sum, { size }) => sum + size, 0);
  const finish = N * (10 * F + 8 * D + 3 * H * K) + 2 * layerWeights;
  const attend = 5 * H * queriesPerBlock * S + N * 6 * H * K;
  const chunk = Math.min(maxChunkLogits, N * model.vocabSize);
  const head = 4 * chunk + 2 * Math.min(numParameters(model), (chunk / N) * D) + 5 * N * D;
  return records + Math.max(finish, attend, head);
}
