export { measureControls } from './base-controls.ts';
export { readGroups } from './groups-file.ts';
export type { RecordedStream } from './groups-format.ts';
export { readRunGroups } from './groups-run.ts';
export { judgeSentinel } from './judge-sentinel.ts';
export { OneProcessRun } from './one-process-run.ts';
export { readTrainingQuestions } from './problems.ts';
export { replayStream } from './replay/replay.ts';
export { replayCsv, replayText } from './replay/replay-text.ts';
export { comparisonPicture } from './report/comparison-picture.ts';
export type { BaseControl } from './report/main-table.ts';
export { studyFiles } from './report/study-files.ts';
export { openResults, writeResult } from './result-file.ts';
export {
  findTrials,
  runStudy,
  type StudyEvent,
  type StudyOptions,
  trialCost,
} from './run-study.ts';
export { sentinelRow, sentinelTable, signRows, studySentinel } from './sentinel-table.ts';
export { studyResult } from './study-assembly.ts';
export { type PlannedTrial, planStudy, type StudyPlan, type StudySelection } from './study-plan.ts';
export type { StudyArm, StudyBase, StudyResult, StudyView } from './study-result.ts';
export { studyText } from './study-text.ts';
export type { MeasureOptions, TrialOptions, TrialSink } from './trial.ts';
export { runTrial } from './trial.ts';
export { readTrial } from './trial-file.ts';
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
