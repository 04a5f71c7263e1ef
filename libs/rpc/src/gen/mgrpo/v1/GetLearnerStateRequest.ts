// Original file: ../../protos/mgrpo/v1/learner.proto


export interface GetLearnerStateRequest {
  'configHash'?: (string);
  'version'?: (string);
}

export interface GetLearnerStateRequest__Output {
  'configHash': (string);
  'version': (string);
}
