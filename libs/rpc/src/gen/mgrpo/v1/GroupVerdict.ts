// Original file: ../../protos/mgrpo/v1/voter.proto

import type { MemberVerdict as _mgrpo_v1_MemberVerdict, MemberVerdict__Output as _mgrpo_v1_MemberVerdict__Output } from '../../mgrpo/v1/MemberVerdict.ts';
import type { ChunkReference as _mgrpo_v1_ChunkReference, ChunkReference__Output as _mgrpo_v1_ChunkReference__Output } from '../../mgrpo/v1/ChunkReference.ts';
import type { RoleMajority as _mgrpo_v1_RoleMajority, RoleMajority__Output as _mgrpo_v1_RoleMajority__Output } from '../../mgrpo/v1/RoleMajority.ts';
import type { Long } from '@grpc/proto-loader';

export interface GroupVerdict {
  'runId'?: (string);
  'iteration'?: (number);
  'prompt'?: (number);
  'weightVersion'?: (number | string | Long);
  'promptTokenIds'?: (number)[];
  'hasLabel'?: (boolean);
  'pseudoLabel'?: (string);
  'voteShare'?: (number | string);
  'numVotes'?: (number);
  'numAnswers'?: (number);
  'fenceQ1'?: (number | string);
  'fenceQ3'?: (number | string);
  'fenceLower'?: (number | string);
  'members'?: (_mgrpo_v1_MemberVerdict)[];
  'chunks'?: (_mgrpo_v1_ChunkReference)[];
  'hasFence'?: (boolean);
  'policyMajority'?: (_mgrpo_v1_RoleMajority | null);
  'momentumMajority'?: (_mgrpo_v1_RoleMajority | null);
}

export interface GroupVerdict__Output {
  'runId': (string);
  'iteration': (number);
  'prompt': (number);
  'weightVersion': (number);
  'promptTokenIds': (number)[];
  'hasLabel': (boolean);
  'pseudoLabel': (string);
  'voteShare': (number);
  'numVotes': (number);
  'numAnswers': (number);
  'fenceQ1': (number);
  'fenceQ3': (number);
  'fenceLower': (number);
  'members': (_mgrpo_v1_MemberVerdict__Output)[];
  'chunks': (_mgrpo_v1_ChunkReference__Output)[];
  'hasFence': (boolean);
  'policyMajority': (_mgrpo_v1_RoleMajority__Output | null);
  'momentumMajority': (_mgrpo_v1_RoleMajority__Output | null);
}
