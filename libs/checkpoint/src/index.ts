export type { FileDigest } from './atomic.ts';
export type { CheckpointState, CheckpointStore, LoadedCheckpoint } from './checkpoints.ts';
export { checkpointFiles, isCheckpointFile } from './checkpoints.ts';
export { type DescribedWeights, describeModel, type ModelDescription } from './describe-model.ts';
export type { LearnerEpoch } from './epoch.ts';
export { diskFiles, type Files } from './files.ts';
export { bytesOf, weightsSha256 } from './float-bytes.ts';
export { type Journal, readJournal } from './journal.ts';
export type { JsonObject } from './json.ts';
export type { MetricsLog, MetricsRecord } from './metrics-log.ts';
export { readMetrics } from './metrics-log.ts';
export { readModelConfig } from './model-config-file.ts';
export type { ModelFolder, ModelToSave } from './model-folder.ts';
export {
  checkModelFolder,
  checkShapes,
  loadModelConfig,
  loadModelFolder,
  readParameters,
  saveModelFolder,
} from './model-folder.ts';
export { modelSha256 } from './model-identity.ts';
export type { RunFolderOptions } from './run-folder.ts';
export { RunFolder, runFiles } from './run-folder.ts';
export { type NamedTensor, SafetensorsFile, type StoredTensor } from './safetensors.ts';
export { openTensorSource, type TensorSource } from './tensor-source.ts';
export type { StoredVersion, VersionStore } from './versions.ts';
