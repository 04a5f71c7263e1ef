import { type Engine, startEngine } from '@mgrpo/runtime';
import type { ScoringWeights } from './live-state.ts';
import type { TokenScores } from './token-scores.ts';
import type { TrainStats } from './train-stats.ts';
import type { TrainerState } from './trainer-state.ts';
import type { TrainingBatch } from './training-batch.ts';
import type { ScoredSequence } from './training-sequence.ts';
import type { TrainingHandlers, TrainingWorkerInit } from './training-worker.ts';

/** A `Trainer` in a thread of its own: the caller's event loop stays free while it computes. */
export class TrainingEngine {
  readonly #engine: Engine<TrainingHandlers>;

  private constructor(engine: Engine<TrainingHandlers>) {
    this.#engine = engine;
  }

  /** Starts the thread. The arrays of state and reference move there: here they are empty afterwards. */
  static async start(init: TrainingWorkerInit): Promise<TrainingEngine> {
    const url = new URL('./training-worker.ts', import.meta.url);
    const transfer = largeBuffers(init);
    return new TrainingEngine(await startEngine(url, init, { name: 'training', transfer }));
  }

  /** Settles when the thread has ended: undefined after `close()`, the error after a crash. */
  get ended(): Engine<TrainingHandlers>['ended'] {
    return this.#engine.ended;
  }

  /**
   * Trains on one iteration. Calls are served in order.
   *
   * After a cancelled step the engine refuses further work: its state may be between two steps.
   */
  step(batch: TrainingBatch, signal?: AbortSignal): Promise<TrainStats> {
    return this.#engine.call('step', batch, { signal });
  }

  /** Logprobs and entropies of given tokens at the training temperature, by the weights named. */
  scoreTokens(
    sequences: readonly ScoredSequence[],
    weights: ScoringWeights,
    signal?: AbortSignal,
  ): Promise<TokenScores[]> {
    return this.#engine.call('score', { sequences, weights }, { signal });
  }

  /** Copies of the policy and the momentum model. */
  weights(): Promise<Pick<TrainerState, 'policy' | 'momentum'>> {
    return this.#engine.call('weights', undefined);
  }

  /** Copies of everything that a checkpoint holds of training. */
  snapshot(): Promise<TrainerState> {
    return this.#engine.call('snapshot', undefined);
  }

  /** Waits for the current run to end; idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }
}

/** Large enough that a copy matters; small arrays may lie in a pool of Node's, which can't be moved. */
const leastMovedBytes = 2 ** 20;

function largeBuffers({ state, reference }: TrainingWorkerInit): ArrayBuffer[] {
  const { policy, momentum, firstMoment, secondMoment } = state;
  const held = reference instanceof Float32Array ? [reference] : [];
  const arrays = [policy, momentum, firstMoment, secondMoment, ...held];
  const buffers = arrays.map(({ buffer }) => buffer as ArrayBuffer);
  return [...new Set(buffers)].filter(({ byteLength }) => byteLength >= leastMovedBytes);
}
