import { type ModelConfig, rotaryTables } from '@mgrpo/model';
import { type Feeds, PlacedFeeds, type Tensor, tensor, type Uploader } from '@mgrpo/runtime';

const positionsPerGrowth = 512;

/** The rotary tables as inputs of the generation graphs. */
export function rotaryTableInputs({ headDim }: ModelConfig) {
  const shape = ['P', headDim / 2];
  return ['cos', 'sin', 'queryCos', 'querySin'].map((name) => ({ name, shape }));
}

/** The rotary tables of the generation graphs, made for as many positions as were ever needed. */
export class RotaryFeeds {
  readonly #config: ModelConfig;
  readonly #placed: PlacedFeeds;
  #numPositions = 0;

  /** @param uploader of `rotaryTableInputs`, where the tables are to live on a device */
  constructor(config: ModelConfig, uploader: Uploader | null) {
    this.#config = config;
    this.#placed = new PlacedFeeds(uploader);
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
      await this.#placed.replace({
        cos: tensor(cos, dims),
        sin: tensor(sin, dims),
        queryCos: scaled(cos),
        querySin: scaled(sin),
      });
    }
    return this.#placed.feeds;
  }

  /** Gives memory of the device back; idempotent. */
  dispose(): void {
    this.#placed.dispose();
  }
}
