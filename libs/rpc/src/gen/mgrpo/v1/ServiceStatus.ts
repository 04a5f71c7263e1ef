// Original file: ../../protos/mgrpo/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface ServiceStatus {
  'service'?: (string);
  'process'?: (string);
  'state'?: (string);
  'weightVersions'?: (number | string | Long)[];
  'jobs'?: (number);
}

export interface ServiceStatus__Output {
  'service': (string);
  'process': (string);
  'state': (string);
  'weightVersions': (number)[];
  'jobs': (number);
}
