// Original file: ../../protos/mgrpo/v1/learner.proto


export interface QuarantineRequest {
  'name'?: (string);
  'jobJson'?: (string);
}

export interface QuarantineRequest__Output {
  'name': (string);
  'jobJson': (string);
}
