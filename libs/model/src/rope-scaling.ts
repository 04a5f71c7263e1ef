import { shown } from '@mgrpo/errors';
import { type ConfigFields, invalidConfig } from './config-fields.ts';

/** How a model trained on short texts turns its heads at the positions of longer ones. */
export type RopeScaling =
  | { readonly kind: 'none' }
  /** Every position counts as `1 / factor` of one. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1: slow frequencies are slowed by `factor`, fast ones kept, those between blended. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions that the model was first trained on. */
      readonly originalMaxPositions: number;
    };

/** The rotary embedding as `config.json` describes it. */
export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/**
 * Reads `rope_parameters` (transformers 5) or `rope_theta` and `rope_scaling` (4).
 *
 * @throws MgrpoError INVALID_MODEL for a kind of scaling that would compute something else here.
 */
export function parseRope(fields: ConfigFields): Rope {
  const rope = fields.object('rope_parameters') ?? fields.object('rope_scaling');
  const share = rope?.value('partial_rotary_factor') ?? fields.value('partial_rotary_factor') ?? 1;
  if (share !== 1) {
    throw invalidConfig(
      `partial_rotary_factor ${shown(share)} is not supported, only heads that turn whole`,
    );
  }
  const theta =
    rope?.value('rope_theta') === undefined
      ? fields.positive('rope_theta', 10_000)
      : rope.positive('rope_theta');
  return { theta, scaling: rope === null ? { kind: 'none' } : parseScaling(rope) };
}

function parseScaling(rope: ConfigFields): RopeScaling {
  // Models with sliding layers have one set of parameters for each type of layer.
  if (rope.value('full_attention') !== undefined) {
    throw invalidConfig('rope_parameters that differ by layer type are not supported');
  }
  const type = rope.value('rope_type') ?? rope.value('type') ?? 'default';
  switch (type) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: rope.positive('factor') };
    case 'llama3': {
      const lowFrequencyFactor = rope.positive('low_freq_factor');
      const highFrequencyFactor = rope.positive('high_freq_factor');
      if (highFrequencyFactor <= lowFrequencyFactor) {
        const what = `high_freq_factor ${highFrequencyFactor} is not above low_freq_factor`;
        throw invalidConfig(`${what} ${lowFrequencyFactor}`);
      }
      return {
        kind: 'llama3',
        factor: rope.positive('factor'),
        lowFrequencyFactor,
        highFrequencyFactor,
        originalMaxPositions: rope.count('original_max_position_embeddings'),
      };
    }
    default: {
      const supported = 'it must be default, linear or llama3';
      throw invalidConfig(`rope_type ${shown(type)} is not supported; ${supported}`);
    }
  }
}

/**
 * The frequency (radians for each position) that a model turns a pair of a head by, of the unscaled one.
 *
 * `linear`: f / factor. `llama3`, with L the original positions and w = 2 pi / f the wavelength: f where
 * w < L / high; f / factor where w > L / low; and between them (1 - s) f / factor + s f with
 * s = (L / w - low) / (high - low). (Llama 3.1's `apply_scaling`; transformers' `rope_type: llama3`.)
 *
 * Each operation is rounded to float32, as where the models were trained.
 */
export function scaledFrequency(frequency: number, scaling: RopeScaling): number {
  if (scaling.kind === 'none') return frequency;
  const slowed = Math.fround(frequency / scaling.factor);
  if (scaling.kind === 'linear') return slowed;
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
  const wavelength = Math.fround(Math.fround(2 * Math.PI) / frequency);
  if (wavelength < originalMaxPositions / high) return frequency;
  if (wavelength > originalMaxPositions / low) return slowed;
  const turns = Math.fround(originalMaxPositions / wavelength);
  const share = Math.fround(Math.fround(turns - low) / (high - low));
  const slow = Math.fround(Math.fround(Math.fround(1 - share) * frequency) / scaling.factor);
  return Math.fround(slow + Math.fround(share * frequency));
}
