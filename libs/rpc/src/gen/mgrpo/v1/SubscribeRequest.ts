// Original file: ../../protos/mgrpo/v1/weights.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';

export interface SubscribeRequest {
  'role'?: (_mgrpo_v1_Role);
  'subscriber'?: (string);
  'fingerprint'?: (string);
  'configHash'?: (string);
}

export interface SubscribeRequest__Output {
  'role': (_mgrpo_v1_Role__Output);
  'subscriber': (string);
  'fingerprint': (string);
  'configHash': (string);
}
