// Original file: ../../protos/mgrpo/v1/learner.proto

import type { GroupVerdict as _mgrpo_v1_GroupVerdict, GroupVerdict__Output as _mgrpo_v1_GroupVerdict__Output } from '../../mgrpo/v1/GroupVerdict.ts';
import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from '../../mgrpo/v1/RolloutChunk.ts';
import type { Long } from '@grpc/proto-loader';

export interface TrainingBatch {
  'runId'?: (string);
  'iteration'?: (number);
  'weightVersion'?: (number | string | Long);
  'groups'?: (_mgrpo_v1_GroupVerdict)[];
  'rollouts'?: (_mgrpo_v1_RolloutChunk)[];
  'formatVersion'?: (number);
}

export interface TrainingBatch__Output {
  'runId': (string);
  'iteration': (number);
  'weightVersion': (number);
  'groups': (_mgrpo_v1_GroupVerdict__Output)[];
  'rollouts': (_mgrpo_v1_RolloutChunk__Output)[];
  'formatVersion': (number);
}
