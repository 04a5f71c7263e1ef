// Original file: ../../protos/mgrpo/v1/weights.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';
import type { Long } from '@grpc/proto-loader';

export interface FetchRequest {
  'role'?: (_mgrpo_v1_Role);
  'version'?: (number | string | Long);
  'offset'?: (number | string | Long);
}

export interface FetchRequest__Output {
  'role': (_mgrpo_v1_Role__Output);
  'version': (number);
  'offset': (number);
}
