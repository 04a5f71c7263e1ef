// Original file: ../../protos/mgrpo/v1/voter.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';

export interface VoteMember {
  'role'?: (_mgrpo_v1_Role);
  'index'?: (number);
  'text'?: (string);
  'entropy'?: (number | string);
  'selfCertainty'?: (number | string);
  '_selfCertainty'?: "selfCertainty";
}

export interface VoteMember__Output {
  'role': (_mgrpo_v1_Role__Output);
  'index': (number);
  'text': (string);
  'entropy': (number);
  'selfCertainty'?: (number);
  '_selfCertainty'?: "selfCertainty";
}
