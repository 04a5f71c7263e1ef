import { type ModelConfig, scoreGraph } from '@mgrpo/model';
import { openSession, type Session } from '@mgrpo/runtime';
import { packMicrobatches, splitByResponse, throwIfCancelled } from './microbatch.ts';
import { type Feeds, RotaryFeeds, scoringFeeds } from './model-feeds.ts';
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
    return new Scorer(
      await openSession(scoreGraph(config), { name: 'score', variableShapes: true }),
      config,
    );
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
      const feeds = scoringFeeds(this.#rotary, microbatch, options.temperature);
      const outputs = await this.#session.run({ ...weights, ...feeds }, ['logprobs', 'entropies']);
      const ofMicrobatch = scoresOf(microbatch, outputs);
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return scores;
  }

  /** Logits before the temperature at each response token's predecessor: rows of [responseTokens, V]. */
  async logits(weights: Feeds, sequence: ScoredSequence): Promise<Float32Array> {
    const feeds = scoringFeeds(this.#rotary, [sequence], 1);
    return (await this.#session.run({ ...weights, ...feeds }, ['logits'])).logits!
      .data as Float32Array;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** The scores of each sequence of a microbatch, from the graph's outputs. */
export function scoresOf(microbatch: readonly ScoredSequence[], outputs: Feeds): TokenScores[] {
  const logprobs = splitByResponse(microbatch, outputs.logprobs!.data as Float32Array);
  const entropies = splitByResponse(microbatch, outputs.entropies!.data as Float32Array);
  return logprobs.map((values, i) => ({ logprobs: values, entropies: entropies[i]! }));
}
