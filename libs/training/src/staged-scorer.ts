import type { ModelConfig } from '@mgrpo/model';
import { packMicrobatches, scoresBySequence } from './microbatch.ts';
import type { Feeds } from './model-feeds.ts';
import type { ScoreOptions, TokenScorer } from './scorer.ts';
import { StagedModel } from './staged-model.ts';
import type { TokenScores } from './token-scores.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** Scores given tokens layer by layer, with the head in chunks: the forward half of `StagedPass`. */
export class StagedScorer implements TokenScorer {
  readonly #model: StagedModel;

  private constructor(model: StagedModel) {
    this.#model = model;
  }

  static async open(config: ModelConfig): Promise<StagedScorer> {
    return new StagedScorer(await StagedModel.open(config, { backward: false, adapter: null }));
  }

  async score(
    weights: Feeds,
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
