// Original file: ../../protos/mgrpo/v1/learner.proto


export interface RecordEvaluationResponse {
  'recorded'?: (boolean);
}

export interface RecordEvaluationResponse__Output {
  'recorded': (boolean);
}
