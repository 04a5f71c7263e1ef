import type { AdapterOptions } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import {
  adapterSpecs,
  listWeights,
  type ModelConfig,
  rotaryTables,
  weightArrays,
  weightViews,
} from '@mgrpo/model';
import {
  type Device,
  type Feeds as DeviceFeeds,
  openUploader,
  type Tensor,
  tensor,
  type Uploader,
} from '@mgrpo/runtime';
import { numReadTokens, tokenFeeds } from './microbatch.ts';
import type { ScoredSequence } from './training-sequence.ts';

export type Feeds = Readonly<Record<string, Tensor>>;

/** Flat weights as the weight inputs of a model's graphs: views, so they follow updates in place. */
export function weightFeeds(config: ModelConfig, flat: Float32Array): Feeds {
  const inputs = weightArrays(config, flat);
  return Object.fromEntries(inputs.map(({ name, dims, data }) => [name, tensor(data, dims)]));
}

/** What brings a model's weights, and its adapter, to a device; null for those that read them here. */
export async function openWeightUploader(
  config: ModelConfig,
  device: Device,
  adapter: AdapterOptions | null = null,
): Promise<Uploader | null> {
  if (device !== 'webgpu') return null;
  const matrices = adapter === null ? [] : adapterSpecs(config, adapter);
  return await openUploader([
    ...listWeights(weightViews(config)),
    ...matrices.map(({ input, shape }) => ({ name: input, shape })),
  ]);
}

/** Runs with weights that are where the graphs are: brought there once, for as many microbatches as there are. */
export async function withWeights<T>(
  uploader: Uploader | null,
  weights: Feeds,
  run: (weights: DeviceFeeds) => Promise<T>,
): Promise<T> {
  if (uploader === null) return await run(weights);
  const uploaded = await uploader.upload(weights);
  try {
    return await run(uploaded);
  } finally {
    for (const weight of Object.values(uploaded)) weight.dispose();
  }
}

/** The rotary tables as graph inputs, made once and again only for longer sequences. */
export class RotaryFeeds {
  readonly #config: ModelConfig;
  #feeds: Feeds = {};
  #numPositions = 0;

  constructor(config: ModelConfig) {
    this.#config = config;
  }

  /** Tables of at least `length` positions. @throws MgrpoError INVALID_INPUT beyond the model's limit. */
  upTo(length: number): Feeds {
    if (length <= this.#numPositions) return this.#feeds;
    const limit = this.#config.maxPositionEmbeddings;
    if (length > limit) {
      throw new MgrpoError(
        'INVALID_INPUT',
        `a sequence of ${length} tokens exceeds the model's max_position_embeddings of ${limit}; ` +
          'lower maxPromptTokens or maxResponseTokens',
      );
    }
    this.#numPositions = Math.min(Math.ceil(length / 64) * 64, limit);
    const { cos, sin, dims } = rotaryTables(this.#config, this.#numPositions);
    this.#feeds = { cos: tensor(cos, dims), sin: tensor(sin, dims) };
    return this.#feeds;
  }
}

/** The inputs that the score and gradients graphs share, weights apart. */
export function scoringFeeds(
  rotary: RotaryFeeds,
  microbatch: readonly ScoredSequence[],
  temperature: number,
): Feeds {
  return {
    ...rotary.upTo(Math.max(...microbatch.map(numReadTokens))),
    ...tokenFeeds(microbatch),
    temperature: tensor(Float32Array.of(temperature), [1]),
  };
}
