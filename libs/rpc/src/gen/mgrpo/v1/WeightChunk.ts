// Original file: ../../protos/mgrpo/v1/weights.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';
import type { Long } from '@grpc/proto-loader';

export interface WeightChunk {
  'role'?: (_mgrpo_v1_Role);
  'version'?: (number | string | Long);
  'learnerEpoch'?: (number | string | Long);
  'sha256'?: (string);
  'totalBytes'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'runId'?: (string);
  'traceparent'?: (string);
}

export interface WeightChunk__Output {
  'role': (_mgrpo_v1_Role__Output);
  'version': (number);
  'learnerEpoch': (number);
  'sha256': (string);
  'totalBytes': (number);
  'offset': (number);
  'data': (Buffer);
  'runId': (string);
  'traceparent': (string);
}
