// Original file: ../../protos/mgrpo/v1/rollout.proto

import type { Role as _mgrpo_v1_Role, Role__Output as _mgrpo_v1_Role__Output } from '../../mgrpo/v1/Role.ts';
import type { Rollout as _mgrpo_v1_Rollout, Rollout__Output as _mgrpo_v1_Rollout__Output } from '../../mgrpo/v1/Rollout.ts';
import type { Long } from '@grpc/proto-loader';

export interface RolloutChunk {
  'runId'?: (string);
  'iteration'?: (number);
  'prompt'?: (number);
  'role'?: (_mgrpo_v1_Role);
  'firstRollout'?: (number);
  'weightVersion'?: (number | string | Long);
  'rollouts'?: (_mgrpo_v1_Rollout)[];
}

export interface RolloutChunk__Output {
  'runId': (string);
  'iteration': (number);
  'prompt': (number);
  'role': (_mgrpo_v1_Role__Output);
  'firstRollout': (number);
  'weightVersion': (number);
  'rollouts': (_mgrpo_v1_Rollout__Output)[];
}
