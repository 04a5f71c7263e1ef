import { type ModelConfig, rotaryTables } from '@mgrpo/model';
import { type DeviceTensor, type Feeds, type Tensor, tensor, type Uploader } from '@mgrpo/runtime';

const positionsPerGrowth = 512;

/** The rotary tables as inputs of the generation graphs. */
export function rotaryTableInputs({ headDim }: ModelConfig) {
  const shape = ['P', headDim / 2];
  return ['cos', 'sin', 'queryCos', 'querySin'].map((name) => ({ name, shape }));
}

/** The rotary tables of the generation graphs, made for as many positions as were ever needed. */
export class RotaryFeeds {
  readonly #config: ModelConfig;
  readonly #uploader: Uploader | null;
  #numPositions = 0;
  #feeds: Feeds = {};
  #onDevice: readonly DeviceTensor[] = [];

  /** @param uploader of `rotaryTableInputs`, where the tables are to live on a device */
  constructor(config: ModelConfig, uploader: Uploader | null) {
    this.#config = config;
    this.#uploader = uploader;
  }

  /** Tables for positions below `numPositions`; those of queries carry the factor 1 / sqrt(headDim). */
  async feeds(numPositions: number): Promise<Feeds> {
    if (numPositions > this.#numPositions) {
      this.#numPositions = Math.ceil(numPositions / positionsPerGrowth) * positionsPerGrowth;
      const { cos, sin, dims } = rotaryTables(this.#config, this.#numPositions);
      const scale = 1 / Math.sqrt(this.#config.headDim);
      const scaled = (table: Float32Array): Tensor =>
        tensor(
          table.map((x) => x * scale),
          dims,
        );
      const feeds = {
        cos: tensor(cos, dims),
        sin: tensor(sin, dims),
        queryCos: scaled(cos),
        querySin: scaled(sin),
      };
      await this.#keep(feeds);
    }
    return this.#feeds;
  }

  async #keep(feeds: Feeds): Promise<void> {
    if (this.#uploader === null) {
      this.#feeds = feeds;
      return;
    }
    const uploaded = await this.#uploader.upload(feeds);
    for (const table of this.#onDevice) table.dispose();
    this.#feeds = uploaded;
    this.#onDevice = Object.values(uploaded);
  }

  /** Gives memory of the device back; idempotent. */
  dispose(): void {
    for (const table of this.#onDevice) table.dispose();
  }
}
