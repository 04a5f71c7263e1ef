import { type ModelConfig, scoreGraph } from '@mgrpo/model';
import { type Device, type Feeds as DeviceFeeds, openSession, type Session } from '@mgrpo/runtime';
import { packMicrobatches, scoresBySequence, throwIfCancelled } from './microbatch.ts';
import { type Feeds, type Rotary, RotaryFeeds, scoringFeeds } from './model-feeds.ts';
import type { Compute } from './recompute.ts';
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

interface ScorerOptions {
  readonly rotary?: Rotary;
  readonly compute?: Compute | undefined;
}

/** Scores tokens in one graph for each microbatch, all logits at once. Its weights may be on its device. */
export class Scorer implements TokenScorer {
  readonly #session: Session;
  readonly #rotary: Rotary;

  private constructor(session: Session, rotary: Rotary) {
    this.#session = session;
    this.#rotary = rotary;
  }

  static async open(
    config: ModelConfig,
    device: Device = 'cpu',
    { rotary = new RotaryFeeds(config), compute = 'float32' }: ScorerOptions = {},
  ): Promise<Scorer> {
    const options = { name: 'score', device, variableShapes: true };
    const session = await openSession(scoreGraph(config, { target: device, compute }), options);
    return new Scorer(session, rotary);
  }

  async score(
    weights: DeviceFeeds | StoredWeights,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    return weights instanceof StoredWeights
      ? await weights.withFeeds((feeds) => this.#score(feeds, sequences, options))
      : await this.#score(weights, sequences, options);
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
      const feeds = await scoringFeeds(this.#rotary, microbatch, options.temperature);
      const outputs = await this.#session.run({ ...weights, ...feeds }, ['logprobs', 'entropies']);
      const ofMicrobatch = scoresBySequence(microbatch, scoresOf(outputs));
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return scores;
  }

  /** Logits before the temperature at each response token's predecessor: rows of [responseTokens, V]. */
  async logits(weights: DeviceFeeds, sequence: ScoredSequence): Promise<Float32Array> {
    const feeds = await scoringFeeds(this.#rotary, [sequence], 1);
    return (await this.#session.run({ ...weights, ...feeds }, ['logits'])).logits!
      .data as Float32Array;
  }

  get movedBytes(): number {
    return this.#session.movedBytes;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** The per-token outputs of the score and gradients graphs. */
export function scoresOf(outputs: Feeds): TokenScores {
  return {
    logprobs: outputs.logprobs!.data as Float32Array,
    entropies: outputs.entropies!.data as Float32Array,
  };
}
