// Original file: ../../protos/mgrpo/v1/voter.proto

import type { VoteMember as _mgrpo_v1_VoteMember, VoteMember__Output as _mgrpo_v1_VoteMember__Output } from '../../mgrpo/v1/VoteMember.ts';
import type { OtherWording as _mgrpo_v1_OtherWording, OtherWording__Output as _mgrpo_v1_OtherWording__Output } from '../../mgrpo/v1/OtherWording.ts';

export interface VoteRequest {
  'iteration'?: (number);
  'prompt'?: (number);
  'members'?: (_mgrpo_v1_VoteMember)[];
  'otherWording'?: (_mgrpo_v1_OtherWording | null);
  'goldAnswer'?: (string);
  'evidence'?: "otherWording"|"goldAnswer";
}

export interface VoteRequest__Output {
  'iteration': (number);
  'prompt': (number);
  'members': (_mgrpo_v1_VoteMember__Output)[];
  'otherWording'?: (_mgrpo_v1_OtherWording__Output | null);
  'goldAnswer'?: (string);
  'evidence'?: "otherWording"|"goldAnswer";
}
