// Original file: ../../protos/mgrpo/v1/learner.proto


export interface QuarantineResponse {
  'path'?: (string);
}

export interface QuarantineResponse__Output {
  'path': (string);
}
