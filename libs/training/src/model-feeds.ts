import { MgrpoError } from '@mgrpo/errors';
import { type ModelConfig, rotaryTables, weightArrays } from '@mgrpo/model';
import {
  type Feeds as DeviceFeeds,
  openUploader,
  PlacedFeeds,
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

/** The same in the memory of a device. */
export class DeviceRotary {
  readonly #tables: RotaryFeeds;
  readonly #uploader: Uploader;
  readonly #placed: PlacedFeeds;
  #last: Feeds | null = null;

  private constructor(config: ModelConfig, uploader: Uploader) {
    this.#tables = new RotaryFeeds(config);
    this.#uploader = uploader;
    this.#placed = new PlacedFeeds(uploader);
  }

  static async open(config: ModelConfig): Promise<DeviceRotary> {
    const shape = ['P', config.headDim / 2];
    const inputs = ['cos', 'sin'].map((name) => ({ name, shape }));
    return new DeviceRotary(config, await openUploader(inputs));
  }

  /** As `RotaryFeeds.upTo`; what is there already does not travel again. */
  async upTo(length: number): Promise<DeviceFeeds> {
    const tables = this.#tables.upTo(length);
    if (tables !== this.#last) await this.#placed.replace(tables);
    this.#last = tables;
    return this.#placed.feeds;
  }

  get movedBytes(): number {
    return this.#uploader.movedBytes;
  }

  async close(): Promise<void> {
    this.#placed.dispose();
    await this.#uploader.close();
  }
}

/** Rotary tables wherever the graphs read them. */
export interface Rotary {
  upTo(length: number): DeviceFeeds | Promise<DeviceFeeds>;
}

/** The inputs that the score and gradients graphs share, weights apart. */
export async function scoringFeeds(
  rotary: Rotary,
  microbatch: readonly ScoredSequence[],
  temperature: number,
): Promise<DeviceFeeds> {
  return {
    ...(await rotary.upTo(Math.max(...microbatch.map(numReadTokens)))),
    ...tokenFeeds(microbatch),
    temperature: tensor(Float32Array.of(temperature), [1]),
  };
}
