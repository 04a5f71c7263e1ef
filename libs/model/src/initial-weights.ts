import { normal, streamKey } from '@mgrpo/algorithm';
import type { ModelConfig } from './config.ts';
import { numParameters, parameterSpecs } from './parameters.ts';

/**
 * Random flat weights to pre-train from; a pure function of the configuration and the seed.
 *
 * Norms are 1, biases 0, matrices normal with deviation 1 / sqrt(in). The two projections that write to the
 * residual stream get half of that, and an embedding that is not also the output head 0.5.
 */
export function initialWeights(config: ModelConfig, seed: number): Float32Array {
  const key = streamKey({ seed, purpose: 'initial-weights' });
  const flat = new Float32Array(numParameters(config));
  for (const { name, shape, offset, size } of parameterSpecs(config)) {
    if (shape.length === 1) {
      flat.fill(name.endsWith('bias') ? 0 : 1, offset, offset + size);
      continue;
    }
    const deviation = deviationOf(config, name, shape[1]!);
    for (let i = offset; i < offset + size; i++) flat[i] = deviation * normal(key, i);
  }
  return flat;
}

function deviationOf(config: ModelConfig, name: string, numInputs: number): number {
  if (name.includes('embed_tokens') && !config.tieWordEmbeddings) return 0.5;
  const isResidual = name.includes('o_proj') || name.includes('down_proj');
  return (isResidual ? 0.5 : 1) / Math.sqrt(numInputs);
}
