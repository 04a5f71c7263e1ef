import type { ModelConfig } from './config.ts';
import { scaledFrequency } from './rope-scaling.ts';

/** Cosines and sines of the rotary embedding: row p holds position p, [numPositions, headDim / 2] each. */
export interface RotaryTables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  readonly dims: readonly [number, number];
}

/**
 * The rotary tables of the first positions: angle = p × f(theta^(-2i / headDim)), f being the model's scaling.
 * Every graph gets them as inputs, so that generation, scoring and gradients turn alike.
 *
 * Frequencies and angles are rounded to float32 as in transformers, whose models were trained with that
 * rounding; at position 3,000 it moves an angle by 1e-4.
 */
export function rotaryTables(
  config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>,
  numPositions: number,
): RotaryTables {
  const half = config.headDim / 2;
  const cos = new Float32Array(numPositions * half);
  const sin = new Float32Array(numPositions * half);
  for (let i = 0; i < half; i++) {
    const unscaled = Math.fround(1 / Math.fround(config.ropeTheta ** ((2 * i) / config.headDim)));
    const frequency = scaledFrequency(unscaled, config.ropeScaling);
    for (let position = 0; position < numPositions; position++) {
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin, dims: [numPositions, half] };
}
