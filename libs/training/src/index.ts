export {
  compareWithReference,
  outOfTolerance,
  type ReferenceComparison,
  referenceTolerances,
} from './compare-with-reference.ts';
export type { TokenScores } from './scorer.ts';
export type { PolicyStats, StepStats, TrainSeconds, TrainStats } from './train-stats.ts';
export {
  initialTrainerState,
  type ScoringWeights,
  Trainer,
  type TrainerInit,
  type TrainerState,
  type TrainingBatch,
} from './trainer.ts';
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
