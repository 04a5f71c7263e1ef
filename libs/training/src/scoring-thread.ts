import type { ModelConfig } from '@mgrpo/model';
import { serveEngine } from '@mgrpo/runtime';
import { weightFeeds } from './model-feeds.ts';
import { Scorer } from './scorer.ts';
import type { ScoredSequence } from './training-sequence.ts';

/** What `ScoringEngine.score` sends to its thread. */
export interface ScoreRequest {
  readonly flat: Float32Array;
  readonly sequences: readonly ScoredSequence[];
  readonly temperature: number;
}

/** Few and short sequences: one microbatch holds them whatever their number. */
const microbatchTokens = 2 ** 30;

/** The methods of the scoring engine's thread. */
async function open(model: ModelConfig) {
  const scorer = await Scorer.open(model);
  return {
    score: ({ flat, sequences, temperature }: ScoreRequest) =>
      scorer.score(weightFeeds(model, flat), sequences, { temperature, microbatchTokens }),
    close: () => scorer.close(),
  };
}

export type ScoringHandlers = Awaited<ReturnType<typeof open>>;

serveEngine<ModelConfig, ScoringHandlers>(open, { order: 'serial' });
