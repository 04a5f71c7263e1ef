import { serveEngine, withTransfer } from '@mgrpo/runtime';
import type { ScoringWeights } from './live-state.ts';
import { Trainer, type TrainerInit } from './trainer.ts';
import type { TrainingBatch } from './training-batch.ts';
import type { ScoredSequence } from './training-sequence.ts';

export type TrainingWorkerInit = Omit<TrainerInit, 'now'>;

/** The methods of the training engine's thread. */
function handlers(trainer: Trainer) {
  return {
    step: (batch: TrainingBatch, { signal }: { signal: AbortSignal }) =>
      trainer.step(batch, signal),
    score: (
      { sequences, weights }: { sequences: readonly ScoredSequence[]; weights: ScoringWeights },
      { signal }: { signal: AbortSignal },
    ) => trainer.score(sequences, weights, signal),
    weights: async () => {
      const weights = await trainer.weights();
      return withTransfer(weights, buffersOf([weights.policy, weights.momentum]));
    },
    snapshot: async () => {
      const state = await trainer.snapshot();
      const { policy, momentum, adapter, firstMoment, secondMoment } = state;
      const arrays = [policy, momentum, ...(adapter === null ? [] : [adapter])];
      return withTransfer(state, buffersOf([...arrays, firstMoment, secondMoment]));
    },
    close: () => trainer.close(),
  };
}

/** Snapshots are copies, so their buffers can be given away. */
function buffersOf(arrays: readonly Float32Array[]): ArrayBuffer[] {
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

export type TrainingHandlers = ReturnType<typeof handlers>;

serveEngine<TrainingWorkerInit, TrainingHandlers>(
  async (init) => handlers(await Trainer.open({ ...init, now: () => performance.now() })),
  { order: 'serial' },
);
