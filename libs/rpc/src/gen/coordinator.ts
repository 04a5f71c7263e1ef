import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { CheckpointNowRequest as _mgrpo_v1_CheckpointNowRequest, CheckpointNowRequest__Output as _mgrpo_v1_CheckpointNowRequest__Output } from './mgrpo/v1/CheckpointNowRequest.ts';
import type { CheckpointNowResponse as _mgrpo_v1_CheckpointNowResponse, CheckpointNowResponse__Output as _mgrpo_v1_CheckpointNowResponse__Output } from './mgrpo/v1/CheckpointNowResponse.ts';
import type { ChunkReference as _mgrpo_v1_ChunkReference, ChunkReference__Output as _mgrpo_v1_ChunkReference__Output } from './mgrpo/v1/ChunkReference.ts';
import type { CoordinatorServiceClient as _mgrpo_v1_CoordinatorServiceClient, CoordinatorServiceDefinition as _mgrpo_v1_CoordinatorServiceDefinition } from './mgrpo/v1/CoordinatorService.ts';
import type { DeadlineStatus as _mgrpo_v1_DeadlineStatus, DeadlineStatus__Output as _mgrpo_v1_DeadlineStatus__Output } from './mgrpo/v1/DeadlineStatus.ts';
import type { GenerateRequest as _mgrpo_v1_GenerateRequest, GenerateRequest__Output as _mgrpo_v1_GenerateRequest__Output } from './mgrpo/v1/GenerateRequest.ts';
import type { GetLearnerStateRequest as _mgrpo_v1_GetLearnerStateRequest, GetLearnerStateRequest__Output as _mgrpo_v1_GetLearnerStateRequest__Output } from './mgrpo/v1/GetLearnerStateRequest.ts';
import type { GetRolloutStatusRequest as _mgrpo_v1_GetRolloutStatusRequest, GetRolloutStatusRequest__Output as _mgrpo_v1_GetRolloutStatusRequest__Output } from './mgrpo/v1/GetRolloutStatusRequest.ts';
import type { GetRunRequest as _mgrpo_v1_GetRunRequest, GetRunRequest__Output as _mgrpo_v1_GetRunRequest__Output } from './mgrpo/v1/GetRunRequest.ts';
import type { GetStatusRequest as _mgrpo_v1_GetStatusRequest, GetStatusRequest__Output as _mgrpo_v1_GetStatusRequest__Output } from './mgrpo/v1/GetStatusRequest.ts';
import type { GroupVerdict as _mgrpo_v1_GroupVerdict, GroupVerdict__Output as _mgrpo_v1_GroupVerdict__Output } from './mgrpo/v1/GroupVerdict.ts';
import type { JobStatus as _mgrpo_v1_JobStatus, JobStatus__Output as _mgrpo_v1_JobStatus__Output } from './mgrpo/v1/JobStatus.ts';
import type { LearnerServiceClient as _mgrpo_v1_LearnerServiceClient, LearnerServiceDefinition as _mgrpo_v1_LearnerServiceDefinition } from './mgrpo/v1/LearnerService.ts';
import type { LearnerState as _mgrpo_v1_LearnerState, LearnerState__Output as _mgrpo_v1_LearnerState__Output } from './mgrpo/v1/LearnerState.ts';
import type { MemberVerdict as _mgrpo_v1_MemberVerdict, MemberVerdict__Output as _mgrpo_v1_MemberVerdict__Output } from './mgrpo/v1/MemberVerdict.ts';
import type { OtherWording as _mgrpo_v1_OtherWording, OtherWording__Output as _mgrpo_v1_OtherWording__Output } from './mgrpo/v1/OtherWording.ts';
import type { PauseRunRequest as _mgrpo_v1_PauseRunRequest, PauseRunRequest__Output as _mgrpo_v1_PauseRunRequest__Output } from './mgrpo/v1/PauseRunRequest.ts';
import type { QuarantineRequest as _mgrpo_v1_QuarantineRequest, QuarantineRequest__Output as _mgrpo_v1_QuarantineRequest__Output } from './mgrpo/v1/QuarantineRequest.ts';
import type { QuarantineResponse as _mgrpo_v1_QuarantineResponse, QuarantineResponse__Output as _mgrpo_v1_QuarantineResponse__Output } from './mgrpo/v1/QuarantineResponse.ts';
import type { QuestionVerdict as _mgrpo_v1_QuestionVerdict, QuestionVerdict__Output as _mgrpo_v1_QuestionVerdict__Output } from './mgrpo/v1/QuestionVerdict.ts';
import type { QueueStatus as _mgrpo_v1_QueueStatus, QueueStatus__Output as _mgrpo_v1_QueueStatus__Output } from './mgrpo/v1/QueueStatus.ts';
import type { RecordEvaluationRequest as _mgrpo_v1_RecordEvaluationRequest, RecordEvaluationRequest__Output as _mgrpo_v1_RecordEvaluationRequest__Output } from './mgrpo/v1/RecordEvaluationRequest.ts';
import type { RecordEvaluationResponse as _mgrpo_v1_RecordEvaluationResponse, RecordEvaluationResponse__Output as _mgrpo_v1_RecordEvaluationResponse__Output } from './mgrpo/v1/RecordEvaluationResponse.ts';
import type { ResumeRunRequest as _mgrpo_v1_ResumeRunRequest, ResumeRunRequest__Output as _mgrpo_v1_ResumeRunRequest__Output } from './mgrpo/v1/ResumeRunRequest.ts';
import type { RoleMajority as _mgrpo_v1_RoleMajority, RoleMajority__Output as _mgrpo_v1_RoleMajority__Output } from './mgrpo/v1/RoleMajority.ts';
import type { Rollout as _mgrpo_v1_Rollout, Rollout__Output as _mgrpo_v1_Rollout__Output } from './mgrpo/v1/Rollout.ts';
import type { RolloutBatch as _mgrpo_v1_RolloutBatch, RolloutBatch__Output as _mgrpo_v1_RolloutBatch__Output } from './mgrpo/v1/RolloutBatch.ts';
import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from './mgrpo/v1/RolloutChunk.ts';
import type { RolloutServiceClient as _mgrpo_v1_RolloutServiceClient, RolloutServiceDefinition as _mgrpo_v1_RolloutServiceDefinition } from './mgrpo/v1/RolloutService.ts';
import type { RolloutStatus as _mgrpo_v1_RolloutStatus, RolloutStatus__Output as _mgrpo_v1_RolloutStatus__Output } from './mgrpo/v1/RolloutStatus.ts';
import type { RunState as _mgrpo_v1_RunState, RunState__Output as _mgrpo_v1_RunState__Output } from './mgrpo/v1/RunState.ts';
import type { RunStatus as _mgrpo_v1_RunStatus, RunStatus__Output as _mgrpo_v1_RunStatus__Output } from './mgrpo/v1/RunStatus.ts';
import type { ServiceStatus as _mgrpo_v1_ServiceStatus, ServiceStatus__Output as _mgrpo_v1_ServiceStatus__Output } from './mgrpo/v1/ServiceStatus.ts';
import type { StopRunRequest as _mgrpo_v1_StopRunRequest, StopRunRequest__Output as _mgrpo_v1_StopRunRequest__Output } from './mgrpo/v1/StopRunRequest.ts';
import type { TrainingBatch as _mgrpo_v1_TrainingBatch, TrainingBatch__Output as _mgrpo_v1_TrainingBatch__Output } from './mgrpo/v1/TrainingBatch.ts';
import type { VoteMember as _mgrpo_v1_VoteMember, VoteMember__Output as _mgrpo_v1_VoteMember__Output } from './mgrpo/v1/VoteMember.ts';
import type { VoteRequest as _mgrpo_v1_VoteRequest, VoteRequest__Output as _mgrpo_v1_VoteRequest__Output } from './mgrpo/v1/VoteRequest.ts';
import type { VoterServiceClient as _mgrpo_v1_VoterServiceClient, VoterServiceDefinition as _mgrpo_v1_VoterServiceDefinition } from './mgrpo/v1/VoterService.ts';
import type { WatchLearnerRequest as _mgrpo_v1_WatchLearnerRequest, WatchLearnerRequest__Output as _mgrpo_v1_WatchLearnerRequest__Output } from './mgrpo/v1/WatchLearnerRequest.ts';
import type { WatchRunRequest as _mgrpo_v1_WatchRunRequest, WatchRunRequest__Output as _mgrpo_v1_WatchRunRequest__Output } from './mgrpo/v1/WatchRunRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mgrpo: {
    v1: {
      CheckpointNowRequest: MessageTypeDefinition<_mgrpo_v1_CheckpointNowRequest, _mgrpo_v1_CheckpointNowRequest__Output>
      CheckpointNowResponse: MessageTypeDefinition<_mgrpo_v1_CheckpointNowResponse, _mgrpo_v1_CheckpointNowResponse__Output>
      ChunkReference: MessageTypeDefinition<_mgrpo_v1_ChunkReference, _mgrpo_v1_ChunkReference__Output>
      CoordinatorService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_CoordinatorServiceClient> & { service: _mgrpo_v1_CoordinatorServiceDefinition }
      DeadlineStatus: MessageTypeDefinition<_mgrpo_v1_DeadlineStatus, _mgrpo_v1_DeadlineStatus__Output>
      FinishReason: EnumTypeDefinition
      GenerateRequest: MessageTypeDefinition<_mgrpo_v1_GenerateRequest, _mgrpo_v1_GenerateRequest__Output>
      GetLearnerStateRequest: MessageTypeDefinition<_mgrpo_v1_GetLearnerStateRequest, _mgrpo_v1_GetLearnerStateRequest__Output>
      GetRolloutStatusRequest: MessageTypeDefinition<_mgrpo_v1_GetRolloutStatusRequest, _mgrpo_v1_GetRolloutStatusRequest__Output>
      GetRunRequest: MessageTypeDefinition<_mgrpo_v1_GetRunRequest, _mgrpo_v1_GetRunRequest__Output>
      GetStatusRequest: MessageTypeDefinition<_mgrpo_v1_GetStatusRequest, _mgrpo_v1_GetStatusRequest__Output>
      GroupVerdict: MessageTypeDefinition<_mgrpo_v1_GroupVerdict, _mgrpo_v1_GroupVerdict__Output>
      JobStatus: MessageTypeDefinition<_mgrpo_v1_JobStatus, _mgrpo_v1_JobStatus__Output>
      LearnerService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_LearnerServiceClient> & { service: _mgrpo_v1_LearnerServiceDefinition }
      LearnerState: MessageTypeDefinition<_mgrpo_v1_LearnerState, _mgrpo_v1_LearnerState__Output>
      MemberVerdict: MessageTypeDefinition<_mgrpo_v1_MemberVerdict, _mgrpo_v1_MemberVerdict__Output>
      OtherWording: MessageTypeDefinition<_mgrpo_v1_OtherWording, _mgrpo_v1_OtherWording__Output>
      PauseRunRequest: MessageTypeDefinition<_mgrpo_v1_PauseRunRequest, _mgrpo_v1_PauseRunRequest__Output>
      QuarantineRequest: MessageTypeDefinition<_mgrpo_v1_QuarantineRequest, _mgrpo_v1_QuarantineRequest__Output>
      QuarantineResponse: MessageTypeDefinition<_mgrpo_v1_QuarantineResponse, _mgrpo_v1_QuarantineResponse__Output>
      QuestionVerdict: MessageTypeDefinition<_mgrpo_v1_QuestionVerdict, _mgrpo_v1_QuestionVerdict__Output>
      QueueStatus: MessageTypeDefinition<_mgrpo_v1_QueueStatus, _mgrpo_v1_QueueStatus__Output>
      RecordEvaluationRequest: MessageTypeDefinition<_mgrpo_v1_RecordEvaluationRequest, _mgrpo_v1_RecordEvaluationRequest__Output>
      RecordEvaluationResponse: MessageTypeDefinition<_mgrpo_v1_RecordEvaluationResponse, _mgrpo_v1_RecordEvaluationResponse__Output>
      ResumeRunRequest: MessageTypeDefinition<_mgrpo_v1_ResumeRunRequest, _mgrpo_v1_ResumeRunRequest__Output>
      Role: EnumTypeDefinition
      RoleMajority: MessageTypeDefinition<_mgrpo_v1_RoleMajority, _mgrpo_v1_RoleMajority__Output>
      Rollout: MessageTypeDefinition<_mgrpo_v1_Rollout, _mgrpo_v1_Rollout__Output>
      RolloutBatch: MessageTypeDefinition<_mgrpo_v1_RolloutBatch, _mgrpo_v1_RolloutBatch__Output>
      RolloutChunk: MessageTypeDefinition<_mgrpo_v1_RolloutChunk, _mgrpo_v1_RolloutChunk__Output>
      RolloutService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_RolloutServiceClient> & { service: _mgrpo_v1_RolloutServiceDefinition }
      RolloutStatus: MessageTypeDefinition<_mgrpo_v1_RolloutStatus, _mgrpo_v1_RolloutStatus__Output>
      RunState: MessageTypeDefinition<_mgrpo_v1_RunState, _mgrpo_v1_RunState__Output>
      RunStatus: MessageTypeDefinition<_mgrpo_v1_RunStatus, _mgrpo_v1_RunStatus__Output>
      ServiceStatus: MessageTypeDefinition<_mgrpo_v1_ServiceStatus, _mgrpo_v1_ServiceStatus__Output>
      StopRunRequest: MessageTypeDefinition<_mgrpo_v1_StopRunRequest, _mgrpo_v1_StopRunRequest__Output>
      TrainingBatch: MessageTypeDefinition<_mgrpo_v1_TrainingBatch, _mgrpo_v1_TrainingBatch__Output>
      VoteMember: MessageTypeDefinition<_mgrpo_v1_VoteMember, _mgrpo_v1_VoteMember__Output>
      VoteRequest: MessageTypeDefinition<_mgrpo_v1_VoteRequest, _mgrpo_v1_VoteRequest__Output>
      VoterService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_VoterServiceClient> & { service: _mgrpo_v1_VoterServiceDefinition }
      WatchLearnerRequest: MessageTypeDefinition<_mgrpo_v1_WatchLearnerRequest, _mgrpo_v1_WatchLearnerRequest__Output>
      WatchRunRequest: MessageTypeDefinition<_mgrpo_v1_WatchRunRequest, _mgrpo_v1_WatchRunRequest__Output>
    }
  }
}

