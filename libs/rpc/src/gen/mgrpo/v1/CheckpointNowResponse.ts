// Original file: ../../protos/mgrpo/v1/learner.proto


export interface CheckpointNowResponse {
  'folder'?: (string);
  'iterations'?: (number);
}

export interface CheckpointNowResponse__Output {
  'folder': (string);
  'iterations': (number);
}
