import type { ModelConfig } from '@mgrpo/model';
import { packMicrobatches, scoresBySequence } from './microbatch.ts';
import type { Feeds } from './model-feeds.ts';
import type { ScoreOptions, TokenScorer } from './scorer.ts';
import { type StageWeights, weightsInMemory } from './stage-weights.ts';
import { StagedModel } from './staged-model.ts';
import { StoredWeights } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** Scores given tokens layer by layer, with the head in chunks: the forward half of `StagedPass`. */
export class StagedScorer implements TokenScorer {
  readonly #config: ModelConfig;
  readonly #model: StagedModel;

  private constructor(config: ModelConfig, model: StagedModel) {
    this.#config = config;
    this.#model = model;
  }

  static async open(config: ModelConfig): Promise<StagedScorer> {
    const model = await StagedModel.open(config, { backward: false, adapter: null });
    return new StagedScorer(config, model);
  }

  score(
    weights: Feeds | StoredWeights,
    sequences: readonly ScoredSequence[],
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    if (weights instanceof StoredWeights) {
      return weights.withStages((read) => this.#score(read, sequences, options));
    }
    return this.#score(weightsInMemory(this.#config, weights), sequences, options);
  }

  async #score(
    weights: StageWeights,
    sequences: readonly ScoredSequence[],
    { temperature, microbatchTokens, signal }: ScoreOptions,
  ): Promise<TokenScores[]> {
    const scores: TokenScores[] = [];
    for (const indices of packMicrobatches(sequences, microbatchTokens, 'packed')) {
      const microbatch = indices.map((index) => sequences[index]!);
      const forward = await this.#model.forward(weights, microbatch, { signal });
      const query = this.#model.headQuery(weights, forward, temperature);
      const ofMicrobatch = scoresBySequence(microbatch, await this.#model.head.score(query));
      for (const [i, index] of indices.entries()) scores[index] = ofMicrobatch[i]!;
    }
    return scores;
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}
