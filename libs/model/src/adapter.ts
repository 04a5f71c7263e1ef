// D hidden, F intermediate, r rank; a target's weight is [out, in], its A [r, in] and its B [out, r].
import { type AdapterOptions, type AdapterTarget, streamKey, uniform } from '@mgrpo/algorithm';
import type { ModelConfig } from './config.ts';
import { type LayerWeights, type WeightView, weightViews } from './graph-weights.ts';
import type { ParameterSpec } from './parameters.ts';

const weightOf = {
  q_proj: 'q',
  k_proj: 'k',
  v_proj: 'v',
  o_proj: 'output',
  gate_proj: 'gate',
  up_proj: 'up',
  down_proj: 'down',
} as const satisfies Record<AdapterTarget, keyof LayerWeights<unknown>>;

const blockOf: Readonly<Record<AdapterTarget, string>> = {
  q_proj: 'self_attn',
  k_proj: 'self_attn',
  v_proj: 'self_attn',
  o_proj: 'self_attn',
  gate_proj: 'mlp',
  up_proj: 'mlp',
  down_proj: 'mlp',
};

/** One of the two matrices of an adapted weight, as PEFT names and stores it, and as the graphs take it. */
interface AdapterMatrix extends ParameterSpec {
  /** Name of the graph input: `layer3.q.loraA`. */
  readonly input: string;
}

/** A weight of the model and the two matrices that adapt it. */
export interface AdaptedWeight {
  readonly layer: number;
  /** Its name within the layer. */
  readonly key: (typeof weightOf)[AdapterTarget];
  readonly weight: WeightView;
  readonly a: AdapterMatrix;
  readonly b: AdapterMatrix;
}

/**
 * The adapted weights of a model in canonical order: by layer, then as their weights lie in the flat weights.
 *
 * The flat adapter is A and B of each in turn, so it depends on the set of targets and not on their order.
 */
export function adaptedWeights(
  config: ModelConfig,
  { rank, targets }: AdapterOptions,
): readonly AdaptedWeight[] {
  let offset = 0;
  const matrix = (name: string, input: string, shape: readonly [number, number]): AdapterMatrix => {
    const size = shape[0] * shape[1];
    offset += size;
    return { name, input, shape, offset: offset - size, size };
  };
  return weightViews(config).layers.flatMap((views, layer) =>
    [...targets]
      .sort((a, b) => views[weightOf[a]].offset - views[weightOf[b]].offset)
      .map((target) => {
        const key = weightOf[target];
        const weight = views[key];
        const [numOut, numIn] = weight.shape as [number, number];
        const module = `base_model.model.model.layers.${layer}.${blockOf[target]}.${target}`;
        return {
          layer,
          key,
          weight,
          a: matrix(`${module}.lora_A.weight`, `${weight.name}.loraA`, [rank, numIn]),
          b: matrix(`${module}.lora_B.weight`, `${weight.name}.loraB`, [numOut, rank]),
        };
      }),
  );
}

/** The matrices of an adapter in the order of the flat adapter, by their names in PEFT's checkpoints. */
export function adapterSpecs(config: ModelConfig, adapter: AdapterOptions): AdapterMatrix[] {
  return adaptedWeights(config, adapter).flatMap(({ a, b }) => [a, b]);
}

/** The number of elements of a flat adapter. */
export function numAdapterParameters(config: ModelConfig, adapter: AdapterOptions): number {
  return adapterSpecs(config, adapter).reduce((sum, { size }) => sum + size, 0);
}

/** The views of a flat adapter to feed to graphs; nothing is copied. */
export function adapterArrays(
  config: ModelConfig,
  adapter: AdapterOptions,
  flat: Float32Array,
): { name: string; dims: readonly number[]; data: Float32Array }[] {
  return adapterSpecs(config, adapter).map(({ input, shape, offset, size }) => ({
    name: input,
    dims: shape,
    data: flat.subarray(offset, offset + size),
  }));
}

/**
 * A new adapter, which changes nothing: B is 0, and A uniform in ±1 / sqrt(in), PEFT's Kaiming initialisation
 * with a = sqrt(5). A pure function of the seed.
 */
export function initialAdapter(
  config: ModelConfig,
  adapter: AdapterOptions,
  seed: number,
): Float32Array {
  const key = streamKey({ seed, purpose: 'adapter' });
  const flat = new Float32Array(numAdapterParameters(config, adapter));
  for (const { a } of adaptedWeights(config, adapter)) {
    const bound = 1 / Math.sqrt(a.shape[1]!);
    for (let i = a.offset; i < a.offset + a.size; i++) flat[i] = bound * (2 * uniform(key, i) - 1);
  }
  return flat;
}
