// Original file: ../../protos/mgrpo/v1/voter.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';

export interface MemberVerdict {
  'role'?: (_mgrpo_v1_Role);
  'index'?: (number);
  'trains'?: (boolean);
  'reward'?: (number | string);
  'advantage'?: (number | string);
  'entropy'?: (number | string);
  'votes'?: (boolean);
  'dropped'?: (string);
  'numTokens'?: (number);
  'answer'?: (string);
  'selfCertainty'?: (number | string);
  '_answer'?: "answer";
  '_selfCertainty'?: "selfCertainty";
}

export interface MemberVerdict__Output {
  'role': (_mgrpo_v1_Role__Output);
  'index': (number);
  'trains': (boolean);
  'reward': (number);
  'advantage': (number);
  'entropy': (number);
  'votes': (boolean);
  'dropped': (string);
  'numTokens': (number);
  'answer'?: (string);
  'selfCertainty'?: (number);
  '_answer'?: "answer";
  '_selfCertainty'?: "selfCertainty";
}
