// Original file: ../../protos/mgrpo/v1/learner.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';

export interface AdmitWorkerRequest {
  'role'?: (_mgrpo_v1_Role);
  'worker'?: (string);
  'device'?: (string);
}

export interface AdmitWorkerRequest__Output {
  'role': (_mgrpo_v1_Role__Output);
  'worker': (string);
  'device': (string);
}
