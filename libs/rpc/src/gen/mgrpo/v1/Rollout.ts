// Original file: ../../protos/mgrpo/v1/rollout.proto

import type { FinishReason as _mgrpo_v1_FinishReason, FinishReason__Output as _mgrpo_v1_FinishReason__Output } from '../../mgrpo/v1/FinishReason.ts';

export interface Rollout {
  'index'?: (number);
  'tokenIds'?: (Buffer | Uint8Array | string);
  'logprobs'?: (Buffer | Uint8Array | string);
  'entropies'?: (Buffer | Uint8Array | string);
  'finishReason'?: (_mgrpo_v1_FinishReason);
  'selfCertainties'?: (Buffer | Uint8Array | string);
}

export interface Rollout__Output {
  'index': (number);
  'tokenIds': (Buffer);
  'logprobs': (Buffer);
  'entropies': (Buffer);
  'finishReason': (_mgrpo_v1_FinishReason__Output);
  'selfCertainties': (Buffer);
}
