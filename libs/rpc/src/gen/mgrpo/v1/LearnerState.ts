// Original file: ../../protos/mgrpo/v1/learner.proto

import type { Long } from '@grpc/proto-loader';

export interface LearnerState {
  'runId'?: (string);
  'learnerEpoch'?: (number | string | Long);
  'appliedIterations'?: (number);
  'totalIterations'?: (number);
  'policySha256'?: (string);
  'momentumSha256'?: (string);
  'evaluatedVersions'?: (number | string | Long)[];
  'metricsJson'?: (string);
  'checkpointedIterations'?: (number);
  'phase'?: (string);
  'pendingIterations'?: (number)[];
  'fingerprint'?: (string);
  'version'?: (string);
}

export interface LearnerState__Output {
  'runId': (string);
  'learnerEpoch': (number);
  'appliedIterations': (number);
  'totalIterations': (number);
  'policySha256': (string);
  'momentumSha256': (string);
  'evaluatedVersions': (number)[];
  'metricsJson': (string);
  'checkpointedIterations': (number);
  'phase': (string);
  'pendingIterations': (number)[];
  'fingerprint': (string);
  'version': (string);
}
