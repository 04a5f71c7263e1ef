import { MgrpoError } from '@mgrpo/errors';
import { type ModelConfig, rotaryTables, weightArrays } from '@mgrpo/model';
import { type Tensor, tensor } from '@mgrpo/runtime';
import { numReadTokens, tokenFeeds } from './microbatch.ts';
import type { ScoredSequence } from './training-sequence.ts';

export type Feeds = Readonly<Record<string, Tensor>>;

/** Flat weights as the weight inputs of a model's graphs: views, so they follow updates in place. */
export function weightFeeds(config: ModelConfig, flat: Float32Array): Feeds {
  const inputs = weightArrays(config, flat);
  return Object.fromEntries(inputs.map(({ name, dims, data }) => [name, tensor(data, dims)]));
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
