// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface DeadlineStatus {
  'name'?: (string);
  'valueMs'?: (number);
  'defaultMs'?: (number);
}

export interface DeadlineStatus__Output {
  'name': (string);
  'valueMs': (number);
  'defaultMs': (number);
}
