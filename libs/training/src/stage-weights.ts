// N tokens, D hidden, V vocabulary.
import type { LayerWeights, ModelConfig } from '@mgrpo/model';
import type { Tensor } from '@mgrpo/runtime';
import type { Feeds } from './model-feeds.ts';
import { gatherRows } from './packed-sequences.ts';

/** Rows `first` to `end` - 1 of a matrix. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

/** True for a row of the range. */
export const isIn = ({ first, end }: RowRange, row: number): boolean => first <= row && row < end;

/** Some rows of a matrix, and which they are; valid until the next ones are asked for. */
export interface MatrixRows {
  readonly range: RowRange;
  readonly rows: Float32Array;
}

/** A model's weights as its stages ask for them, a few at a time: nothing given is valid longer than it is used. */
export interface StageWeights {
  /** Rows of the embedding: [N] -> [N, D]. */
  embed(tokens: Int32Array): Promise<Float32Array>;
  /** Runs with weights of one layer, and the matrices that adapt them, by their names within it (`q`, `q.loraA`). */
  withLayer<T>(
    layer: number,
    names: readonly (keyof LayerWeights<unknown>)[],
    run: (weights: Feeds) => Promise<T>,
  ): Promise<T>;
  /** [D], of the norm after the last layer. */
  norm(): Promise<Tensor>;
  /** The rows of the output head [V, D], cut into consecutive ranges that cover it. */
  headRows(ranges: readonly RowRange[]): AsyncIterable<MatrixRows>;
}

/** Weights that are in memory: views. @param feeds `weightFeeds` of the model */
export function weightsInMemory(
  { hiddenSize: D, tieWordEmbeddings }: ModelConfig,
  feeds: Feeds,
): StageWeights {
  const embedding = feeds.embedding!.data as Float32Array;
  const head = tieWordEmbeddings ? embedding : (feeds.head!.data as Float32Array);
  return {
    embed: async (tokens) => gatherRows(embedding, tokens, D),
    withLayer: (layer, names, run) => run(ofLayer(feeds, layer, names)),
    norm: async () => feeds.norm!,
    async *headRows(ranges) {
      for (const range of ranges) {
        yield { range, rows: head.subarray(range.first * D, range.end * D) };
      }
    },
  };
}

function ofLayer(
  feeds: Feeds,
  layer: number,
  names: readonly (keyof LayerWeights<unknown>)[],
): Feeds {
  const inputs = names.flatMap((name) => [name, `${name}.loraA`, `${name}.loraB`]);
  return Object.fromEntries(
    inputs.flatMap((name) => {
      const weight = feeds[`layer${layer}.${name}`];
      return weight === undefined ? [] : [[name, weight]];
    }),
  );
}
