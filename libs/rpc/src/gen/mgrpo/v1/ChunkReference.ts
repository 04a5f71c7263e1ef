// Original file: ../../protos/mgrpo/v1/voter.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';

export interface ChunkReference {
  'key'?: (string);
  'sha256'?: (string);
  'role'?: (_mgrpo_v1_Role);
}

export interface ChunkReference__Output {
  'key': (string);
  'sha256': (string);
  'role': (_mgrpo_v1_Role__Output);
}
