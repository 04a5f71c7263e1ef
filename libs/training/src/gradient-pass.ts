import { type StepTotals, tokenWeight } from '@mgrpo/algorithm';
import { gradientsGraph, type ModelConfig, numParameters } from '@mgrpo/model';
import { freeArrays, openSession, type Session } from '@mgrpo/runtime';
import { packMicrobatches, perTokenFeed, throwIfCancelled } from './microbatch.ts';
import { type Feeds, RotaryFeeds, scoringFeeds } from './model-feeds.ts';
import { scoresOf, type TokenScores } from './scorer.ts';
import type { GradientOptions } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

/** A sequence and its KL reference's logprobs, empty without a reference. */
export interface ReferencedSequence extends TrainingSequence {
  readonly referenceLogprobs: Float32Array;
}

/** The gradient of a step, and what the model said on the way. */
export interface GradientResult {
  readonly loss: number;
  /** Flat; valid until the next pass. */
  readonly gradient: Float32Array;
  readonly scores: readonly TokenScores[];
}

/** Computes a step's gradient in microbatches. Runs block, so it lives in an engine thread. */
export class GradientPass {
  readonly #session: Session;
  readonly #options: GradientOptions;
  readonly #rotary: RotaryFeeds;
  readonly #sum: Float32Array;

  private constructor(session: Session, config: ModelConfig, options: GradientOptions) {
    this.#session = session;
    this.#options = options;
    this.#rotary = new RotaryFeeds(config);
    this.#sum = new Float32Array(numParameters(config));
  }

  static async open(config: ModelConfig, options: GradientOptions): Promise<GradientPass> {
    const graph = gradientsGraph(config, options.loss);
    const session = await openSession(graph, { name: 'gradients', variableShapes: true });
    return new GradientPass(session, config, options);
  }

  /**
   * The gradient of the step's loss with respect to the flat weights.
   *
   * Microbatches are added in packing order, in float32: the order is part of the result.
   *
   * @param sequences at least one
   * @param totals of the whole step: sequences without gradient may be left out of `sequences`
   */
  async run(
    weights: Feeds,
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
      const outputs = await this.#session.run({ ...weights, ...this.#feeds(microbatch, totals) });
      const gradient = outputs.gradient!.data as Float32Array;
      if (m === 0) this.#sum.set(gradient);
      else for (let i = 0; i < gradient.length; i++) this.#sum[i]! += gradient[i]!;
      freeArrays([gradient]);
      loss += outputs.loss!.data[0] as number;
      const ofMicrobatch = scoresOf(microbatch, outputs);
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return { loss, gradient: this.#sum, scores };
  }

  #feeds(microbatch: readonly ReferencedSequence[], totals: StepTotals): Feeds {
    const { loss, aggregation, temperature } = this.#options;
    const feeds = {
      ...scoringFeeds(this.#rotary, microbatch, temperature),
      advantages: perTokenFeed(microbatch, ({ advantage }) => advantage),
      weights: perTokenFeed(microbatch, ({ responseTokens }) =>
        tokenWeight(aggregation, responseTokens.length, totals),
      ),
    };
    if (loss.kind === 'log-likelihood') return feeds;
    const behaviour = perTokenFeed(microbatch, (s, t) => s.behaviourLogprobs[t]!);
    if (loss.klCoefficient === 0) return { ...feeds, behaviourLogprobs: behaviour };
    const reference = perTokenFeed(microbatch, (s, t) => s.referenceLogprobs[t]!);
    return { ...feeds, behaviourLogprobs: behaviour, referenceLogprobs: reference };
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
