export { OneProcessRun } from './one-process-run.ts';
export type { StudyArm, StudyBase, StudyResult, StudyView } from './study-result.ts';
export type { MeasureOptions, TrialOptions, TrialSink } from './trial.ts';
export { runTrial } from './trial.ts';
export type {
  EvaluationRecord,
  IterationRecord,
  LabelFlips,
  SeedPurpose,
  Trial,
  TrialEnd,
  TrialName,
  TrialRecord,
  TrialStart,
} from './trial-record.ts';
