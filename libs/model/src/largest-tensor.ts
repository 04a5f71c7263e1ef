import type { ModelConfig } from './config.ts';
import { numParameters, parameterSpecs } from './parameters.ts';

const float32 = 4;

/** A tensor of which a device has to hold every number in one buffer. */
interface LargeTensor {
  readonly name: string;
  readonly bytes: number;
}

const larger = (a: LargeTensor, b: LargeTensor): LargeTensor => (b.bytes > a.bytes ? b : a);

/** The largest tensor of generation: a weight, or the keys of one layer while rows come and go. */
export function largestOfGeneration(
  config: ModelConfig,
  { slots, maxTokens }: { readonly slots: number; readonly maxTokens: number },
): LargeTensor {
  const { numKvHeads, headDim } = config;
  // Rows that are laid out anew stand beside the old ones until the new rows are chosen.
  const bytes = 2 * slots * numKvHeads * maxTokens * headDim * float32;
  const keys = { name: `a layer's cache of ${slots} slots × ${maxTokens} tokens, twice,`, bytes };
  return parameterSpecs(config)
    .map(({ name, size }) => ({ name: `the tensor ${name}`, bytes: size * float32 }))
    .reduce(larger, keys);
}

/** The largest tensor of training: the gradient, which comes back in one piece. */
export function largestOfTraining(config: ModelConfig): LargeTensor {
  return { name: 'the gradient', bytes: numParameters(config) * float32 };
}
