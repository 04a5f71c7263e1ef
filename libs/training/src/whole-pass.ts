import type { StepTotals } from '@mgrpo/algorithm';
import { gradientsGraph, type ModelConfig } from '@mgrpo/model';
import {
  type Device,
  type Feeds as DeviceFeeds,
  freeArrays,
  openSession,
  type Session,
  type Uploader,
} from '@mgrpo/runtime';
import {
  type GradientPass,
  type GradientResult,
  lossFeeds,
  type ReferencedSequence,
} from './gradient-pass.ts';
import { packMicrobatches, scoresBySequence, throwIfCancelled } from './microbatch.ts';
import {
  type Feeds,
  openWeightUploader,
  RotaryFeeds,
  scoringFeeds,
  withWeights,
} from './model-feeds.ts';
import { scoresOf } from './scorer.ts';
import type { TokenScores } from './token-scores.ts';
import { numTrained } from './trained-part.ts';
import type { GradientOptions } from './training-options.ts';

/**
 * A gradient pass in one graph: a microbatch's forward, loss and backward are one run, which keeps every
 * activation until its gradient is there. Sequences are padded to the longest of their microbatch.
 */
export class WholePass implements GradientPass {
  readonly #session: Session;
  readonly #uploader: Uploader | null;
  readonly #options: GradientOptions;
  readonly #rotary: RotaryFeeds;
  readonly #sum: Float32Array;

  private constructor(
    { session, uploader }: { session: Session; uploader: Uploader | null },
    config: ModelConfig,
    options: GradientOptions,
  ) {
    this.#session = session;
    this.#uploader = uploader;
    this.#options = options;
    this.#rotary = new RotaryFeeds(config);
    this.#sum = new Float32Array(numTrained(config, options.adapter));
  }

  static async open(
    config: ModelConfig,
    options: GradientOptions,
    device: Device = 'cpu',
  ): Promise<WholePass> {
    const graph = gradientsGraph(config, options.loss, {
      adapter: options.adapter,
      target: device,
    });
    const session = await openSession(graph, { name: 'gradients', device, variableShapes: true });
    const uploader = await openWeightUploader(config, device, options.adapter);
    return new WholePass({ session, uploader }, config, options);
  }

  run(
    weights: Feeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
  ): Promise<GradientResult> {
    return withWeights(this.#uploader, weights, (onDevice) =>
      this.#run(onDevice, sequences, totals, signal),
    );
  }

  async #run(
    weights: DeviceFeeds,
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    signal?: AbortSignal,
  ): Promise<GradientResult> {
    const scores: TokenScores[] = [];
    let loss = 0;
    const microbatches = packMicrobatches(sequences, this.#options.microbatchTokens);
    for (const [m, indices] of microbatches.entries()) {
      throwIfCancelled(signal);
      const microbatch = indices.map((index) => sequences[index]!);
      const feeds = {
        ...scoringFeeds(this.#rotary, microbatch, this.#options.temperature),
        ...lossFeeds(this.#options, microbatch, totals),
      };
      const outputs = await this.#session.run({ ...weights, ...feeds });
      const gradient = outputs.gradient!.data as Float32Array;
      if (m === 0) this.#sum.set(gradient);
      else for (let i = 0; i < gradient.length; i++) this.#sum[i]! += gradient[i]!;
      freeArrays([gradient]);
      loss += outputs.loss!.data[0] as number;
      const ofMicrobatch = scoresBySequence(microbatch, scoresOf(outputs));
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return { loss, gradient: this.#sum, scores };
  }

  async close(): Promise<void> {
    await this.#session.close();
    await this.#uploader?.close();
  }
}
