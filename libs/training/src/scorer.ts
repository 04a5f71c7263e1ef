import { type ModelConfig, scoreGraph } from '@mgrpo/model';
import { openSession, type Session, tensor } from '@mgrpo/runtime';
import {
  numReadTokens,
  packMicrobatches,
  splitByResponse,
  throwIfCancelled,
  tokenFeeds,
} from './microbatch.ts';
import { type Feeds, RotaryFeeds } from './model-feeds.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** What a model says about the tokens of one response. */
export interface TokenScores {
  /** Natural logarithms at the temperature. */
  readonly logprobs: Float32Array;
  /** Nats, of the whole vocabulary's distribution at the temperature. */
  readonly entropies: Float32Array;
}

export interface ScoreOptions {
  readonly temperature: number;
  /** Largest microbatch in tokens, padding included. */
  readonly microbatchTokens: number;
  readonly signal?: AbortSignal | undefined;
}

/** Scores given tokens. Runs block, so it lives in an engine thread. */
export class Scorer {
  readonly #session: Session;
  readonly #rotary: RotaryFeeds;

  private constructor(session: Session, config: ModelConfig) {
    this.#session = session;
    this.#rotary = new RotaryFeeds(config);
  }

  static async open(config: ModelConfig): Promise<Scorer> {
    return new Scorer(await openSession(scoreGraph(config), { name: 'score' }), config);
  }

  /** Scores of every sequence, in the order given. @param weights `weightFeeds` of the model */
  async score(
    weights: Feeds,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    const scores: TokenScores[] = [];
    for (const indices of packMicrobatches(sequences, options.microbatchTokens)) {
      throwIfCancelled(options.signal);
      const microbatch = indices.map((index) => sequences[index]!);
      const feeds = this.#feeds(weights, microbatch, options.temperature);
      const outputs = await this.#session.run(feeds, ['logprobs', 'entropies']);
      const logprobs = splitByResponse(microbatch, outputs.logprobs!.data as Float32Array);
      const entropies = splitByResponse(microbatch, outputs.entropies!.data as Float32Array);
      for (const [i, index] of indices.entries()) {
        scores[index] = { logprobs: logprobs[i]!, entropies: entropies[i]! };
      }
    }
    return scores;
  }

  /** Logits before the temperature at each response token's predecessor: rows of [responseTokens, V]. */
  async logits(weights: Feeds, sequence: ScoredSequence): Promise<Float32Array> {
    const feeds = this.#feeds(weights, [sequence], 1);
    return (await this.#session.run(feeds, ['logits'])).logits!.data as Float32Array;
  }

  #feeds(weights: Feeds, microbatch: readonly ScoredSequence[], temperature: number): Feeds {
    return {
      ...weights,
      ...this.#rotary.upTo(Math.max(...microbatch.map(numReadTokens))),
      ...tokenFeeds(microbatch),
      temperature: tensor(Float32Array.of(temperature), [1]),
    };
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
