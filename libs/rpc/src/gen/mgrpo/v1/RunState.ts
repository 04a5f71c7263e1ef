// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface RunState {
  'runId'?: (string);
  'phase'?: (string);
  'appliedIterations'?: (number);
  'totalIterations'?: (number);
  'metricsJson'?: (string);
  'evaluationJson'?: (string);
  'error'?: (string);
  'policyJobs'?: (number);
  'momentumJobs'?: (number);
  'policySha256'?: (string);
}

export interface RunState__Output {
  'runId': (string);
  'phase': (string);
  'appliedIterations': (number);
  'totalIterations': (number);
  'metricsJson': (string);
  'evaluationJson': (string);
  'error': (string);
  'policyJobs': (number);
  'momentumJobs': (number);
  'policySha256': (string);
}
