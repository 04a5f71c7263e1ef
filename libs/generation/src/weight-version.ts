import { MgrpoError } from '@mgrpo/errors';
import { type ModelConfig, numParameters, weightArrays } from '@mgrpo/model';
import { type DeviceTensor, type Feeds, tensor, type Uploader } from '@mgrpo/runtime';
import type { Prompt } from './prefill.ts';

/** The most that the prompts of one weight version may hold for later requests. */
const maxPromptBytes = 32 << 20;

/** One version of the weights: its graph inputs, and the prompts that were prefilled with it. */
export class WeightVersion {
  readonly version: number;
  readonly feeds: Feeds;
  readonly head: Feeds[string];
  readonly #onDevice: readonly DeviceTensor[];
  readonly #prompts = new Map<string, Prompt>();
  #promptBytes = 0;

  private constructor(version: number, feeds: Feeds, onDevice: readonly DeviceTensor[]) {
    this.version = version;
    this.feeds = feeds;
    this.head = feeds.head ?? feeds.embedding!;
    this.#onDevice = onDevice;
  }

  /**
   * @param flat the flat weights; kept, not copied, unless they are uploaded
   * @param uploader of the weights, where they are to live on a device
   */
  static async load(
    config: ModelConfig,
    { version, flat }: { version: number; flat: Float32Array },
    uploader: Uploader | null,
  ): Promise<WeightVersion> {
    const expected = numParameters(config);
    if (flat.length !== expected) {
      const found = `weight version ${version} has ${flat.length} numbers`;
      throw new MgrpoError('INVALID_MODEL', `${found}, the model has ${expected} parameters`);
    }
    const arrays = weightArrays(config, flat);
    const feeds = Object.fromEntries(
      arrays.map(({ name, data, dims }) => [name, tensor(data, dims)]),
    );
    if (uploader === null) return new WeightVersion(version, feeds, []);
    const uploaded = await uploader.upload(feeds);
    return new WeightVersion(version, uploaded, Object.values(uploaded));
  }

  /** Gives memory of the device back; idempotent. Nothing may use the version afterwards. */
  dispose(): void {
    for (const weight of this.#onDevice) weight.dispose();
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
