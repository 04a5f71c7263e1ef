// Original file: ../../protos/mgrpo/v1/learner.proto


export interface GetLearnerStateRequest {
  'configHash'?: (string);
}

export interface GetLearnerStateRequest__Output {
  'configHash': (string);
}
