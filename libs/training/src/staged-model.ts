// N tokens of a microbatch, R scored tokens, D hidden.
import type { ModelConfig } from '@mgrpo/model';
import { throwIfCancelled } from './microbatch.ts';
import { RotaryFeeds } from './model-feeds.ts';
import { gatherRows, packSequences } from './packed-sequences.ts';
import type { StageWeights } from './stage-weights.ts';
import { type HeadQuery, StagedHead } from './staged-head.ts';
import {
  type LayerBatch,
  type LayerRecord,
  StagedLayers,
  type StagedPasses,
} from './staged-layers.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** What a forward pass leaves behind. */
export interface ForwardRecord {
  readonly batch: LayerBatch;
  /** [R, D]: the last layer's result at the scored rows, before and after the norm. */
  readonly last: Float32Array;
  readonly hidden: Float32Array;
}

/** A model that runs as many small graphs: embedding and residuals are JavaScript's, the rest are stages. */
export class StagedModel {
  readonly layers: StagedLayers;
  readonly head: StagedHead;
  readonly #config: ModelConfig;
  readonly #rotary: RotaryFeeds;

  private constructor(config: ModelConfig, layers: StagedLayers, head: StagedHead) {
    this.#config = config;
    this.layers = layers;
    this.head = head;
    this.#rotary = new RotaryFeeds(config);
  }

  static async open(config: ModelConfig, passes: StagedPasses): Promise<StagedModel> {
    const layers = await StagedLayers.open(config, passes);
    return new StagedModel(config, layers, await StagedHead.open(config, passes));
  }

  /**
   * Runs all layers on a microbatch. After the last layer's attention only the scored rows go on.
   *
   * @param records where given, each layer's record is put there
   */
  async forward(
    weights: StageWeights,
    sequences: readonly ScoredSequence[],
    { records, signal }: { records?: LayerRecord[]; signal?: AbortSignal | undefined },
  ): Promise<ForwardRecord> {
    const { hiddenSize: D, numHeads, headDim, numLayers } = this.#config;
    const packed = packSequences(sequences);
    const longest = Math.max(...packed.spans.map(({ length }) => length));
    const batch = { packed, rotary: this.#rotary.upTo(longest) };
    let x = await weights.embed(packed.tokens);
    for (let layer = 0; layer < numLayers; layer++) {
      throwIfCancelled(signal);
      const attended = await this.layers.attention(weights, batch, layer, x);
      records?.push({ x, attended });
      const isLast = layer === numLayers - 1;
      const record = isLast
        ? {
            x: gatherRows(x, packed.rows, D),
            attended: gatherRows(attended, packed.rows, numHeads * headDim),
          }
        : { x, attended };
      x = await this.layers.finish(weights, layer, record);
    }
    return { batch, last: x, hidden: await this.layers.norm(weights, x) };
  }

  /** What to ask the head after a forward pass. */
  headQuery(weights: StageWeights, forward: ForwardRecord, temperature: number): HeadQuery {
    const { hidden, batch } = forward;
    return { weights, hidden, targets: batch.packed.targets, temperature };
  }

  async close(): Promise<void> {
    await this.layers.close();
    await this.head.close();
  }
}
