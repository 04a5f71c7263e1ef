import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ChunkReference as _mgrpo_v1_ChunkReference, ChunkReference__Output as _mgrpo_v1_ChunkReference__Output } from './mgrpo/v1/ChunkReference.ts';
import type { GenerateRequest as _mgrpo_v1_GenerateRequest, GenerateRequest__Output as _mgrpo_v1_GenerateRequest__Output } from './mgrpo/v1/GenerateRequest.ts';
import type { GetRolloutStatusRequest as _mgrpo_v1_GetRolloutStatusRequest, GetRolloutStatusRequest__Output as _mgrpo_v1_GetRolloutStatusRequest__Output } from './mgrpo/v1/GetRolloutStatusRequest.ts';
import type { GroupVerdict as _mgrpo_v1_GroupVerdict, GroupVerdict__Output as _mgrpo_v1_GroupVerdict__Output } from './mgrpo/v1/GroupVerdict.ts';
import type { MemberVerdict as _mgrpo_v1_MemberVerdict, MemberVerdict__Output as _mgrpo_v1_MemberVerdict__Output } from './mgrpo/v1/MemberVerdict.ts';
import type { OtherWording as _mgrpo_v1_OtherWording, OtherWording__Output as _mgrpo_v1_OtherWording__Output } from './mgrpo/v1/OtherWording.ts';
import type { QuestionVerdict as _mgrpo_v1_QuestionVerdict, QuestionVerdict__Output as _mgrpo_v1_QuestionVerdict__Output } from './mgrpo/v1/QuestionVerdict.ts';
import type { RoleMajority as _mgrpo_v1_RoleMajority, RoleMajority__Output as _mgrpo_v1_RoleMajority__Output } from './mgrpo/v1/RoleMajority.ts';
import type { Rollout as _mgrpo_v1_Rollout, Rollout__Output as _mgrpo_v1_Rollout__Output } from './mgrpo/v1/Rollout.ts';
import type { RolloutBatch as _mgrpo_v1_RolloutBatch, RolloutBatch__Output as _mgrpo_v1_RolloutBatch__Output } from './mgrpo/v1/RolloutBatch.ts';
import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from './mgrpo/v1/RolloutChunk.ts';
import type { RolloutServiceClient as _mgrpo_v1_RolloutServiceClient, RolloutServiceDefinition as _mgrpo_v1_RolloutServiceDefinition } from './mgrpo/v1/RolloutService.ts';
import type { RolloutStatus as _mgrpo_v1_RolloutStatus, RolloutStatus__Output as _mgrpo_v1_RolloutStatus__Output } from './mgrpo/v1/RolloutStatus.ts';
import type { VoteMember as _mgrpo_v1_VoteMember, VoteMember__Output as _mgrpo_v1_VoteMember__Output } from './mgrpo/v1/VoteMember.ts';
import type { VoteRequest as _mgrpo_v1_VoteRequest, VoteRequest__Output as _mgrpo_v1_VoteRequest__Output } from './mgrpo/v1/VoteRequest.ts';
import type { VoterServiceClient as _mgrpo_v1_VoterServiceClient, VoterServiceDefinition as _mgrpo_v1_VoterServiceDefinition } from './mgrpo/v1/VoterService.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mgrpo: {
    v1: {
      ChunkReference: MessageTypeDefinition<_mgrpo_v1_ChunkReference, _mgrpo_v1_ChunkReference__Output>
      FinishReason: EnumTypeDefinition
      GenerateRequest: MessageTypeDefinition<_mgrpo_v1_GenerateRequest, _mgrpo_v1_GenerateRequest__Output>
      GetRolloutStatusRequest: MessageTypeDefinition<_mgrpo_v1_GetRolloutStatusRequest, _mgrpo_v1_GetRolloutStatusRequest__Output>
      GroupVerdict: MessageTypeDefinition<_mgrpo_v1_GroupVerdict, _mgrpo_v1_GroupVerdict__Output>
      MemberVerdict: MessageTypeDefinition<_mgrpo_v1_MemberVerdict, _mgrpo_v1_MemberVerdict__Output>
      OtherWording: MessageTypeDefinition<_mgrpo_v1_OtherWording, _mgrpo_v1_OtherWording__Output>
      QuestionVerdict: MessageTypeDefinition<_mgrpo_v1_QuestionVerdict, _mgrpo_v1_QuestionVerdict__Output>
      Role: EnumTypeDefinition
      RoleMajority: MessageTypeDefinition<_mgrpo_v1_RoleMajority, _mgrpo_v1_RoleMajority__Output>
      Rollout: MessageTypeDefinition<_mgrpo_v1_Rollout, _mgrpo_v1_Rollout__Output>
      RolloutBatch: MessageTypeDefinition<_mgrpo_v1_RolloutBatch, _mgrpo_v1_RolloutBatch__Output>
      RolloutChunk: MessageTypeDefinition<_mgrpo_v1_RolloutChunk, _mgrpo_v1_RolloutChunk__Output>
      RolloutService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_RolloutServiceClient> & { service: _mgrpo_v1_RolloutServiceDefinition }
      RolloutStatus: MessageTypeDefinition<_mgrpo_v1_RolloutStatus, _mgrpo_v1_RolloutStatus__Output>
      VoteMember: MessageTypeDefinition<_mgrpo_v1_VoteMember, _mgrpo_v1_VoteMember__Output>
      VoteRequest: MessageTypeDefinition<_mgrpo_v1_VoteRequest, _mgrpo_v1_VoteRequest__Output>
      VoterService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_VoterServiceClient> & { service: _mgrpo_v1_VoterServiceDefinition }
    }
  }
}

