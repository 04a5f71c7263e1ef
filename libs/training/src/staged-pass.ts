// N tokens of a microbatch, R scored tokens, D hidden.
import type { StepTotals } from '@mgrpo/algorithm';
import { lossGraph, type ModelConfig } from '@mgrpo/model';
import { freeArrays, openSession, type Session, tensor } from '@mgrpo/runtime';
import {
  type GradientPass,
  type GradientResult,
  lossFeeds,
  type ReferencedSequence,
} from './gradient-pass.ts';
import { packMicrobatches, scoresBySequence, throwIfCancelled } from './microbatch.ts';
import type { Feeds } from './model-feeds.ts';
import { addRows, addTo, gatherRows } from './packed-sequences.ts';
import { type StageWeights, weightsInMemory } from './stage-weights.ts';
import type { LayerRecord } from './staged-layers.ts';
import { type ForwardRecord, StagedModel } from './staged-model.ts';
import type { TokenScores } from './token-scores.ts';
import { numTrained, trainedArrays } from './trained-part.ts';
import type { GradientOptions } from './training-options.ts';

/**
 * A gradient pass that keeps of each layer its input and its attention's result and computes the rest again:
 * peak memory is one layer's activations, a block of attention weights and a chunk of logits.
 *
 * Gradients are added layer by layer to the flat sum, so that is all there is of them.
 */
export class StagedPass implements GradientPass {
  readonly #config: ModelConfig;
  readonly #options: GradientOptions;
  readonly #model: StagedModel;
  readonly #loss: Session;
  readonly #sum: Float32Array;
  /** The part of the sum that belongs to what trains, by the name of its input. */
  readonly #sumOf: ReadonlyMap<string, Float32Array>;

  private constructor(
    config: ModelConfig,
    options: GradientOptions,
    model: StagedModel,
    loss: Session,
  ) {
    this.#config = config;
    this.#options = options;
    this.#model = model;
    this.#loss = loss;
    this.#sum = new Float32Array(numTrained(config, options.adapter));
    this.#sumOf = new Map(
      trainedArrays(config, options.adapter, this.#sum).map(({ name, data }) => [name, data]),
    );
  }

  static async open(config: ModelConfig, options: GradientOptions): Promise<StagedPass> {
    const model = await StagedModel.open(config, { backward: true, adapter: options.adapter });
    const loss = await openSession(lossGraph(options.loss), { name: 'loss', variableShapes: true });
    return new StagedPass(config, options, model, loss);
  }

  async run(
    feeds: Feeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
  ): Promise<GradientResult> {
    this.#sum.fill(0);
    const weights = weightsInMemory(this.#config, feeds);
    const scores: TokenScores[] = [];
    let loss = 0;
    const { microbatchTokens, temperature } = this.#options;
    for (const indices of packMicrobatches(sequences, microbatchTokens, 'packed')) {
      const microbatch = indices.map((index) => sequences[index]!);
      const records: LayerRecord[] = [];
      const forward = await this.#model.forward(weights, microbatch, { records, signal });
      const query = this.#model.headQuery(weights, forward, temperature);
      const scored = await this.#model.head.score(query);
      const { loss: share, dLogprobs } = await this.#lossOf(scored.logprobs, microbatch, totals);
      throwIfCancelled(signal);
      const dHead = this.#sumOf.get(this.#config.tieWordEmbeddings ? 'embedding' : 'head') ?? null;
      const dHidden = await this.#model.head.backward(query, scored, dLogprobs, dHead);
      await this.#backward(weights, forward, records, dHidden, signal);
      loss += share;
      const ofMicrobatch = scoresBySequence(microbatch, scored);
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return { loss, gradient: this.#sum, scores };
  }

  async #lossOf(
    logprobs: Float32Array,
    microbatch: readonly ReferencedSequence[],
    totals: StepTotals,
  ): Promise<{ loss: number; dLogprobs: Float32Array }> {
    const outputs = await this.#loss.run({
      logprobs: tensor(logprobs, [logprobs.length]),
      ...lossFeeds(this.#options, microbatch, totals),
    });
    return {
      loss: outputs.loss!.data[0] as number,
      dLogprobs: outputs['d.logprobs']!.data as Float32Array,
    };
  }

  /** From the gradient of the hidden states to that of all weights below; frees the records on its way. */
  async #backward(
    weights: StageWeights,
    { batch, last }: ForwardRecord,
    records: LayerRecord[],
    dHidden: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { layers } = this.#model;
    const { tokens, rows } = batch.packed;
    const { hiddenSize: D, numHeads, headDim, numLayers } = this.#config;
    const { x: dLast, ...ofNorm } = await layers.normBackward(weights, last, dHidden);
    this.#add('', ofNorm);
    let dY = dLast;
    for (let layer = numLayers - 1; layer >= 0; layer--) {
      throwIfCancelled(signal);
      const { x, attended } = records.pop()!;
      const isLast = layer === numLayers - 1;
      const wanted = (values: Float32Array, width: number): Float32Array =>
        isLast ? gatherRows(values, rows, width) : values;
      const whole = (values: Float32Array, width: number): Float32Array => {
        if (!isLast) return values;
        const all = new Float32Array(tokens.length * width);
        addRows(all, rows, values, width);
        return all;
      };
      const record = { x: wanted(x, D), attended: wanted(attended, numHeads * headDim) };
      const finished = await layers.finishBackward(weights, layer, record, dY);
      const { x: dX, attended: dAttended, ...ofFinish } = finished;
      this.#add(`layer${layer}.`, ofFinish);
      const projected = await layers.attentionBackward(
        weights,
        batch,
        layer,
        x,
        whole(dAttended, numHeads * headDim),
      );
      const { x: dProjected, ...ofProject } = projected;
      this.#add(`layer${layer}.`, ofProject);
      freeArrays([x, attended, dY, dAttended]);
      dY = whole(dX, D);
      addTo(dY, dProjected);
      freeArrays([dProjected]);
    }
    const dEmbedding = this.#sumOf.get('embedding');
    if (dEmbedding !== undefined) addRows(dEmbedding, tokens, dY, D);
  }

  /** Adds gradients of weights to the sum and frees them. */
  #add(prefix: string, gradients: Readonly<Record<string, Float32Array>>): void {
    for (const [name, gradient] of Object.entries(gradients)) {
      addTo(this.#sumOf.get(`${prefix}${name}`)!, gradient);
      freeArrays([gradient]);
    }
  }

  async close(): Promise<void> {
    await this.#model.close();
    await this.#loss.close();
  }
}
