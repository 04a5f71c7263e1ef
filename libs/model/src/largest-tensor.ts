import type { ModelConfig } from './config.ts';
import { parameterSpecs } from './parameters.ts';

const float32 = 4;

/** A tensor of which a device has to hold every number in one buffer. */
interface LargeTensor {
  readonly name: string;
  readonly bytes: number;
}

const larger = (a: LargeTensor, b: LargeTensor): LargeTensor => (b.bytes > a.bytes ? b : a);

/** The largest tensor of generation: a weight, the keys of one layer while rows come and go, or the logits. */
export function largestOfGeneration(
  config: ModelConfig,
  { slots, maxTokens }: { readonly slots: number; readonly maxTokens: number },
): LargeTensor {
  const { numKvHeads, headDim, vocabSize } = config;
  // Rows that are laid out anew stand beside the old ones until the new rows are chosen.
  const bytes = 2 * slots * numKvHeads * maxTokens * headDim * float32;
  const keys = { name: `a layer's cache of ${slots} slots × ${maxTokens} tokens, twice,`, bytes };
  const logits = { name: `the logits of ${slots} slots`, bytes: slots * vocabSize * float32 };
  return [keys, logits].reduce(larger, largestWeight(config));
}

/**
 * The largest tensor of training in one graph: a weight or its gradient, the logits of a microbatch that is all
 * responses, or the attention weights of one that is all longest sequences.
 *
 * @param longestSequence prompt and response tokens
 */
export function largestOfTraining(
  config: ModelConfig,
  {
    microbatchTokens,
    longestSequence,
  }: { readonly microbatchTokens: number; readonly longestSequence: number },
): LargeTensor {
  const numTokens = Math.max(microbatchTokens, longestSequence);
  const of = `a microbatch of ${numTokens} tokens (learner.microbatchTokens)`;
  const logits = { name: `the logits of ${of}`, bytes: numTokens * config.vocabSize * float32 };
  const scores = numTokens * config.numHeads * longestSequence * float32;
  const attention = { name: `a layer's attention weights of ${of}`, bytes: scores };
  return [logits, attention].reduce(larger, largestWeight(config));
}

function largestWeight(config: ModelConfig): LargeTensor {
  return parameterSpecs(config)
    .map(({ name, size }) => ({ name: `the tensor ${name}`, bytes: size * float32 }))
    .reduce(larger);
}
