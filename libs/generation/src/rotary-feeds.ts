import { type ModelConfig, rotaryTables } from '@mgrpo/model';
import { type Tensor, tensor } from '@mgrpo/runtime';

const positionsPerGrowth = 512;

/** The rotary tables of the generation graphs, made for as many positions as were ever needed. */
export class RotaryFeeds {
  readonly #config: ModelConfig;
  #numPositions = 0;
  #feeds: Readonly<Record<string, Tensor>> = {};

  constructor(config: ModelConfig) {
    this.#config = config;
  }

  /** Tables for positions below `numPositions`; those of queries carry the factor 1 / sqrt(headDim). */
  feeds(numPositions: number): Readonly<Record<string, Tensor>> {
    if (numPositions > this.#numPositions) {
      this.#numPositions = Math.ceil(numPositions / positionsPerGrowth) * positionsPerGrowth;
      const { cos, sin, dims } = rotaryTables(this.#config, this.#numPositions);
      const scale = 1 / Math.sqrt(this.#config.headDim);
      const scaled = (table: Float32Array): Tensor =>
        tensor(
          table.map((x) => x * scale),
          dims,
        );
      this.#feeds = {
        cos: tensor(cos, dims),
        sin: tensor(sin, dims),
        queryCos: scaled(cos),
        querySin: scaled(sin),
      };
    }
    return this.#feeds;
  }
}
