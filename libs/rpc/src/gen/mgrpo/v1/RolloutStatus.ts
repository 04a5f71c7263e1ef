// Original file: ../../protos/mgrpo/v1/rollout.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';
import type { Long } from '@grpc/proto-loader';

export interface RolloutStatus {
  'role'?: (_mgrpo_v1_Role);
  'state'?: (string);
  'weightVersions'?: (number | string | Long)[];
  'activeRollouts'?: (number);
  'generatedTokens'?: (number | string | Long);
  'fingerprint'?: (string);
  'device'?: (string);
}

export interface RolloutStatus__Output {
  'role': (_mgrpo_v1_Role__Output);
  'state': (string);
  'weightVersions': (number)[];
  'activeRollouts': (number);
  'generatedTokens': (number);
  'fingerprint': (string);
  'device': (string);
}
