// Original file: ../../protos/mgrpo/v1/rollout.proto

import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from '../../mgrpo/v1/RolloutChunk.ts';

export interface RolloutBatch {
  'chunks'?: (_mgrpo_v1_RolloutChunk)[];
  'formatVersion'?: (number);
}

export interface RolloutBatch__Output {
  'chunks': (_mgrpo_v1_RolloutChunk__Output)[];
  'formatVersion': (number);
}
