// Original file: ../../protos/mgrpo/v1/voter.proto

import type { VoteMember as _mgrpo_v1_VoteMember, VoteMember__Output as _mgrpo_v1_VoteMember__Output } from '../../mgrpo/v1/VoteMember.ts';

export interface OtherWording {
  'members'?: (_mgrpo_v1_VoteMember)[];
}

export interface OtherWording__Output {
  'members': (_mgrpo_v1_VoteMember__Output)[];
}
