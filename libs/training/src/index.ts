export {
  compareWithReference,
  outOfTolerance,
  type ReferenceComparison,
  referenceTolerances,
} from './compare-with-reference.ts';
export type { ScoringWeights } from './live-state.ts';
export { weightFeeds } from './model-feeds.ts';
export { gradientPassBytes } from './pass-memory.ts';
export {
  type PretrainingHooks,
  type PretrainingStep,
  pretrain,
} from './pretraining.ts';
export { type PretrainingManifest, readPretraining } from './pretraining-folder.ts';
export { learnerNeeds, type PassLimits, passLimits, type Recompute } from './recompute.ts';
export { initialWeightsPlace, runTrainerInit } from './run-trainer.ts';
export { Scorer } from './scorer.ts';
export { ScoringEngine } from './scoring-engine.ts';
export { storedReference } from './stored-weights.ts';
export type { TokenScores } from './token-scores.ts';
export type {
  PolicyStats,
  SkippedStep,
  StepStats,
  TrainSeconds,
  TrainStats,
} from './train-stats.ts';
export { Trainer, type TrainerInit } from './trainer.ts';
export { initialTrainerState, type TrainerState } from './trainer-state.ts';
export type { TrainingBatch } from './training-batch.ts';
export { TrainingEngine } from './training-engine.ts';
export {
  type IterationSchedule,
  iterationSchedule,
  type TrainingLoss,
  type TrainingOptions,
  trainingOptions,
} from './training-options.ts';
export {
  type ScoredSequence,
  supervisedSequence,
  type TrainingSequence,
} from './training-sequence.ts';
