// Original file: ../../protos/mgrpo/v1/weights.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';
import type { Long } from '@grpc/proto-loader';

export interface SubscribeRequest {
  'role'?: (_mgrpo_v1_Role);
  'subscriber'?: (string);
  'fingerprint'?: (string);
  'configHash'?: (string);
  'afterVersion'?: (number | string | Long);
  'afterEpoch'?: (number | string | Long);
  'isRelay'?: (boolean);
  '_afterVersion'?: "afterVersion";
}

export interface SubscribeRequest__Output {
  'role': (_mgrpo_v1_Role__Output);
  'subscriber': (string);
  'fingerprint': (string);
  'configHash': (string);
  'afterVersion'?: (number);
  'afterEpoch': (number);
  'isRelay': (boolean);
  '_afterVersion'?: "afterVersion";
}
