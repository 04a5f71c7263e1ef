import type { ModelConfig } from '@mgrpo/model';
import { type Engine, startEngine } from '@mgrpo/runtime';
import type { ScoreRequest, ScoringHandlers } from './scoring-thread.ts';
import type { TokenScores } from './token-scores.ts';

/** Scores a few given tokens by given weights in a thread of its own; it keeps no weights. */
export class ScoringEngine {
  readonly #engine: Engine<ScoringHandlers>;

  private constructor(engine: Engine<ScoringHandlers>) {
    this.#engine = engine;
  }

  static async start(model: ModelConfig): Promise<ScoringEngine> {
    const url = new URL('./scoring-thread.ts', import.meta.url);
    return new ScoringEngine(await startEngine(url, model, { name: 'scoring' }));
  }

  /** Settles when the thread has ended: undefined after `close()`, the error after a crash. */
  get ended(): Engine<ScoringHandlers>['ended'] {
    return this.#engine.ended;
  }

  /** Logprobs and entropies of every sequence's response at the temperature. `flat` is copied. */
  score(request: ScoreRequest): Promise<TokenScores[]> {
    return this.#engine.call('score', request);
  }

  /** Waits for the current run to end; idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }
}
