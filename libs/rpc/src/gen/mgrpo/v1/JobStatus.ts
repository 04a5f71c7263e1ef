// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface JobStatus {
  'queue'?: (string);
  'id'?: (string);
  'process'?: (string);
  'seconds'?: (number | string);
}

export interface JobStatus__Output {
  'queue': (string);
  'id': (string);
  'process': (string);
  'seconds': (number);
}
