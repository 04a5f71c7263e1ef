// Original file: ../../protos/mgrpo/v1/voter.proto

import type { GroupVerdict as _mgrpo_v1_GroupVerdict, GroupVerdict__Output as _mgrpo_v1_GroupVerdict__Output } from '../../mgrpo/v1/GroupVerdict.ts';

export interface QuestionVerdict {
  'groups'?: (_mgrpo_v1_GroupVerdict)[];
  'formatVersion'?: (number);
}

export interface QuestionVerdict__Output {
  'groups': (_mgrpo_v1_GroupVerdict__Output)[];
  'formatVersion': (number);
}
