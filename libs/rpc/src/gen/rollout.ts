import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { GenerateRequest as _mgrpo_v1_GenerateRequest, GenerateRequest__Output as _mgrpo_v1_GenerateRequest__Output } from './mgrpo/v1/GenerateRequest.ts';
import type { GetRolloutStatusRequest as _mgrpo_v1_GetRolloutStatusRequest, GetRolloutStatusRequest__Output as _mgrpo_v1_GetRolloutStatusRequest__Output } from './mgrpo/v1/GetRolloutStatusRequest.ts';
import type { Rollout as _mgrpo_v1_Rollout, Rollout__Output as _mgrpo_v1_Rollout__Output } from './mgrpo/v1/Rollout.ts';
import type { RolloutBatch as _mgrpo_v1_RolloutBatch, RolloutBatch__Output as _mgrpo_v1_RolloutBatch__Output } from './mgrpo/v1/RolloutBatch.ts';
import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from './mgrpo/v1/RolloutChunk.ts';
import type { RolloutServiceClient as _mgrpo_v1_RolloutServiceClient, RolloutServiceDefinition as _mgrpo_v1_RolloutServiceDefinition } from './mgrpo/v1/RolloutService.ts';
import type { RolloutStatus as _mgrpo_v1_RolloutStatus, RolloutStatus__Output as _mgrpo_v1_RolloutStatus__Output } from './mgrpo/v1/RolloutStatus.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mgrpo: {
    v1: {
      FinishReason: EnumTypeDefinition
      GenerateRequest: MessageTypeDefinition<_mgrpo_v1_GenerateRequest, _mgrpo_v1_GenerateRequest__Output>
      GetRolloutStatusRequest: MessageTypeDefinition<_mgrpo_v1_GetRolloutStatusRequest, _mgrpo_v1_GetRolloutStatusRequest__Output>
      Role: EnumTypeDefinition
      Rollout: MessageTypeDefinition<_mgrpo_v1_Rollout, _mgrpo_v1_Rollout__Output>
      RolloutBatch: MessageTypeDefinition<_mgrpo_v1_RolloutBatch, _mgrpo_v1_RolloutBatch__Output>
      RolloutChunk: MessageTypeDefinition<_mgrpo_v1_RolloutChunk, _mgrpo_v1_RolloutChunk__Output>
      RolloutService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_RolloutServiceClient> & { service: _mgrpo_v1_RolloutServiceDefinition }
      RolloutStatus: MessageTypeDefinition<_mgrpo_v1_RolloutStatus, _mgrpo_v1_RolloutStatus__Output>
    }
  }
}

