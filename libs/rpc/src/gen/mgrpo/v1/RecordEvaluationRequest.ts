// Original file: ../../protos/mgrpo/v1/learner.proto

import type { Long } from '@grpc/proto-loader';

export interface RecordEvaluationRequest {
  'version'?: (number | string | Long);
  'evaluationJson'?: (string);
}

export interface RecordEvaluationRequest__Output {
  'version': (number);
  'evaluationJson': (string);
}
