import { MgrpoError } from '@mgrpo/errors';
import { type ModelConfig, numParameters, weightArrays } from '@mgrpo/model';
import { type Tensor, tensor } from '@mgrpo/runtime';
import type { Prompt } from './prefill.ts';

/** The most that the prompts of one weight version may hold for later requests. */
const maxPromptBytes = 32 << 20;

/** One version of the weights: its graph inputs, and the prompts that were prefilled with it. */
export class WeightVersion {
  readonly version: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly head: Tensor;
  readonly #prompts = new Map<string, Prompt>();
  #promptBytes = 0;

  /** @param flat the flat weights; kept, not copied */
  constructor(config: ModelConfig, version: number, flat: Float32Array) {
    const expected = numParameters(config);
    if (flat.length !== expected) {
      const found = `weight version ${version} has ${flat.length} numbers`;
      throw new MgrpoError('INVALID_MODEL', `${found}, the model has ${expected} parameters`);
    }
    this.version = version;
    const arrays = weightArrays(config, flat);
    this.feeds = Object.fromEntries(
      arrays.map(({ name, data, dims }) => [name, tensor(data, dims)]),
    );
    this.head = this.feeds.head ?? this.feeds.embedding!;
  }

  /** A prompt that this version has prefilled before, if it is still kept. */
  recall(tokens: Int32Array): Prompt | undefined {
    return this.#prompts.get(tokens.join());
  }

  /** Keeps a prompt for the requests to come, dropping the oldest when there are too many. */
  remember(tokens: Int32Array, prompt: Prompt): void {
    this.#prompts.set(tokens.join(), prompt);
    this.#promptBytes += prompt.numBytes;
    for (const [key, { numBytes }] of this.#prompts) {
      if (this.#promptBytes <= maxPromptBytes || this.#prompts.size === 1) break;
      this.#prompts.delete(key);
      this.#promptBytes -= numBytes;
    }
  }
}
