// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface QueueStatus {
  'queue'?: (string);
  'waiting'?: (number);
  'active'?: (number);
  'delayed'?: (number);
  'blocked'?: (number);
  'failed'?: (number);
}

export interface QueueStatus__Output {
  'queue': (string);
  'waiting': (number);
  'active': (number);
  'delayed': (number);
  'blocked': (number);
  'failed': (number);
}
