// R scored tokens, V vocabulary, C rows of a chunk of it, D hidden.
import { headGraphs, type ModelConfig } from '@mgrpo/model';
import { freeArrays, openSession, type Session, type Tensor, tensor } from '@mgrpo/runtime';
import { addTo } from './packed-sequences.ts';
import { isIn, type MatrixRows, type RowRange, type StageWeights } from './stage-weights.ts';
import { type StagedPasses, stageSession } from './staged-layers.ts';

/** Most logits that exist at once: 64 MiB, of which a run has a few. */
export const maxChunkLogits = 2 ** 24;

/** What the head is asked about. */
export interface HeadQuery {
  /** Of the model whose head it is. */
  readonly weights: Pick<StageWeights, 'headRows'>;
  /** [R, D], after the last norm. */
  readonly hidden: Float32Array;
  /** [R]. */
  readonly targets: Int32Array;
  readonly temperature: number;
}

/** [R] each. */
export interface HeadScores {
  readonly logprobs: Float32Array;
  readonly entropies: Float32Array;
  /** The largest logit m at the temperature, and the sum of exp(l - m) over the vocabulary. */
  readonly max: Float32Array;
  readonly sum: Float64Array;
}

/**
 * The output head in chunks of the vocabulary, forward and backward.
 *
 * Chunks of the vocabulary rather than of tokens: the gradient of a chunk's rows is then finished in one run,
 * where chunks of tokens would each fetch and add V × D numbers, 622 MB for Qwen3-0.6B. The price is one more
 * product, since the logits are made twice.
 */
export class StagedHead {
  readonly #config: ModelConfig;
  readonly #forward: Session;
  readonly #backward: Session | null;

  private constructor(config: ModelConfig, forward: Session, backward: Session | null) {
    this.#config = config;
    this.#forward = forward;
    this.#backward = backward;
  }

  static async open(config: ModelConfig, passes: StagedPasses): Promise<StagedHead> {
    const graphs = headGraphs(config, { head: passes.adapter === null });
    const forward = await openSession(graphs.forward, { ...stageSession, name: 'head' });
    const backward = passes.backward
      ? await openSession(graphs.backward, { ...stageSession, name: 'head backward' })
      : null;
    return new StagedHead(config, forward, backward);
  }

  /** Logprobs and entropies; the partial sums of the chunks are joined in float64, in order. */
  async score(query: HeadQuery): Promise<HeadScores> {
    const numRows = query.targets.length;
    const max = new Float64Array(numRows).fill(Number.NEGATIVE_INFINITY);
    const sum = new Float64Array(numRows);
    const weighted = new Float64Array(numRows);
    const picked = new Float64Array(numRows);
    for await (const chunk of this.#chunks(query)) {
      const outputs = await this.#forward.run(this.#feeds(query, chunk));
      const part = (name: string) => outputs[name]!.data as Float32Array;
      for (let r = 0; r < numRows; r++) {
        const chunkMax = part('max')[r]!;
        const next = Math.max(max[r]!, chunkMax);
        const [old, fresh] = [Math.exp(max[r]! - next), Math.exp(chunkMax - next)];
        const oldShift = sum[r] === 0 ? 0 : sum[r]! * (max[r]! - next);
        const freshShift = part('sum')[r]! * (chunkMax - next);
        weighted[r] = (weighted[r]! + oldShift) * old + (part('weighted')[r]! + freshShift) * fresh;
        sum[r] = sum[r]! * old + part('sum')[r]! * fresh;
        max[r] = next;
        if (isIn(chunk.range, query.targets[r]!)) picked[r] = part('picked')[r]!;
      }
    }
    const logSum = sum.map(Math.log);
    return {
      logprobs: Float32Array.from(picked, (logit, r) => logit - max[r]! - logSum[r]!),
      entropies: Float32Array.from(logSum, (log, r) => log - weighted[r]! / sum[r]!),
      max: Float32Array.from(max),
      sum,
    };
  }

  /**
   * The gradient of `hidden` [R, D]; that of the head is added to `dHead` [V, D], where the head trains.
   *
   * @param dLogprobs [R], of the loss
   */
  async backward(
    query: HeadQuery,
    { max, sum }: HeadScores,
    dLogprobs: Float32Array,
    dHead: Float32Array | null,
  ): Promise<Float32Array> {
    const D = this.#config.hiddenSize;
    const dHidden = new Float32Array(query.hidden.length);
    const column = (values: Float32Array): Tensor => tensor(values, [query.targets.length, 1]);
    for await (const chunk of this.#chunks(query)) {
      const { first, end } = chunk.range;
      const outputs = await this.#backward!.run({
        ...this.#feeds(query, chunk),
        max: column(max),
        dPower: column(dLogprobs.map((d, r) => -d / sum[r]!)),
        dPicked: column(dLogprobs.map((d, r) => (isIn(chunk.range, query.targets[r]!) ? d : 0))),
      });
      const ofHidden = outputs['d.hidden']!.data as Float32Array;
      addTo(dHidden, ofHidden);
      freeArrays([ofHidden]);
      if (dHead === null) continue;
      const ofHead = outputs['d.head']!.data as Float32Array;
      addTo(dHead.subarray(first * D, end * D), ofHead);
      freeArrays([ofHead]);
    }
    return dHidden;
  }

  async close(): Promise<void> {
    await this.#forward.close();
    await this.#backward?.close();
  }

  #feeds({ hidden, targets, temperature }: HeadQuery, { range, rows }: MatrixRows) {
    const { hiddenSize: D } = this.#config;
    const local = BigInt64Array.from(targets, (target) =>
      isIn(range, target) ? BigInt(target - range.first) : 0n,
    );
    return {
      hidden: tensor(hidden, [targets.length, D]),
      head: tensor(rows, [range.end - range.first, D]),
      targets: tensor(local, [targets.length, 1]),
      temperature: tensor(Float32Array.of(temperature), [1]),
    };
  }

  #chunks({ weights, targets }: HeadQuery): AsyncIterable<MatrixRows> {
    return weights.headRows(vocabularyChunks(targets.length, this.#config.vocabSize));
  }
}

/** A pure function of the shapes: whole vectors of 16 tokens, and at most `maxChunkLogits` where that is possible. */
export function vocabularyChunks(numRows: number, vocabSize: number): RowRange[] {
  const size = 16 * Math.max(1, Math.floor(maxChunkLogits / numRows / 16));
  return Array.from({ length: Math.ceil(vocabSize / size) }, (_, c) => ({
    first: c * size,
    end: Math.min((c + 1) * size, vocabSize),
  }));
}
