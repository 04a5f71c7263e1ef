import { type ModelConfig, scoreGraph } from '@mgrpo/model';
import {
  type Device,
  type Feeds as DeviceFeeds,
  openSession,
  type Session,
  type Uploader,
} from '@mgrpo/runtime';
import { packMicrobatches, scoresBySequence, throwIfCancelled } from './microbatch.ts';
import {
  type Feeds,
  openWeightUploader,
  RotaryFeeds,
  scoringFeeds,
  withWeights,
} from './model-feeds.ts';
import { StoredWeights } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import type { ScoredSequence } from './training-sequence.ts';

export interface ScoreOptions {
  readonly temperature: number;
  /** Largest microbatch in tokens, padding included. */
  readonly microbatchTokens: number;
  readonly signal?: AbortSignal | undefined;
}

/** Scores given tokens. Runs block, so it lives in an engine thread. */
export interface TokenScorer {
  /** Scores of every sequence, in the order given. @param weights `weightFeeds` of the model, or what is on disk */
  score(
    weights: Feeds | StoredWeights,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]>;
  close(): Promise<void>;
}

/** Scores tokens in one graph for each microbatch, all logits at once. */
export class Scorer implements TokenScorer {
  readonly #session: Session;
  readonly #uploader: Uploader | null;
  readonly #rotary: RotaryFeeds;

  private constructor(session: Session, uploader: Uploader | null, config: ModelConfig) {
    this.#session = session;
    this.#uploader = uploader;
    this.#rotary = new RotaryFeeds(config);
  }

  static async open(config: ModelConfig, device: Device = 'cpu'): Promise<Scorer> {
    const options = { name: 'score', device, variableShapes: true };
    const session = await openSession(scoreGraph(config, { target: device }), options);
    return new Scorer(session, await openWeightUploader(config, device), config);
  }

  score(
    weights: Feeds | StoredWeights,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    if (weights instanceof StoredWeights) {
      return weights.withFeeds((feeds) => this.score(feeds, sequences, options));
    }
    return withWeights(this.#uploader, weights, (onDevice) =>
      this.#score(onDevice, sequences, options),
    );
  }

  async #score(
    weights: DeviceFeeds,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    const scores: TokenScores[] = [];
    for (const indices of packMicrobatches(sequences, options.microbatchTokens)) {
      throwIfCancelled(options.signal);
      const microbatch = indices.map((index) => sequences[index]!);
      const feeds = scoringFeeds(this.#rotary, microbatch, options.temperature);
      const outputs = await this.#session.run({ ...weights, ...feeds }, ['logprobs', 'entropies']);
      const ofMicrobatch = scoresBySequence(microbatch, scoresOf(outputs));
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

  async close(): Promise<void> {
    await this.#session.close();
    await this.#uploader?.close();
  }
}

/** The per-token outputs of the score and gradients graphs. */
export function scoresOf(outputs: Feeds): TokenScores {
  return {
    logprobs: outputs.logprobs!.data as Float32Array,
    entropies: outputs.entropies!.data as Float32Array,
  };
}
