export type { Environment } from './credentials.ts';
export { localInputs } from './local-inputs.ts';
export { openBucket } from './open-bucket.ts';
export { restoreRun } from './restore-run.ts';
export { PartList, takeSnapshot } from './run-snapshot.ts';
export { RunUploader } from './run-uploader.ts';
export { readStoredRun } from './stored-run.ts';
export { RunUpload } from './upload-run.ts';
