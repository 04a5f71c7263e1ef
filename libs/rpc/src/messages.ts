// The generated message types by the names the services use. They stop at the services' edges.
export type { CheckpointNowResponse } from './gen/mgrpo/v1/CheckpointNowResponse.ts';
export type { CoordinatorServiceClient } from './gen/mgrpo/v1/CoordinatorService.ts';
export type { GroupVerdict, GroupVerdict__Output } from './gen/mgrpo/v1/GroupVerdict.ts';
export type { LearnerServiceClient } from './gen/mgrpo/v1/LearnerService.ts';
export type { LearnerState, LearnerState__Output } from './gen/mgrpo/v1/LearnerState.ts';
export type { MemberVerdict, MemberVerdict__Output } from './gen/mgrpo/v1/MemberVerdict.ts';
export type { RolloutBatch, RolloutBatch__Output } from './gen/mgrpo/v1/RolloutBatch.ts';
export type { RolloutChunk, RolloutChunk__Output } from './gen/mgrpo/v1/RolloutChunk.ts';
export type { RunState, RunState__Output } from './gen/mgrpo/v1/RunState.ts';
export type { TrainingBatch, TrainingBatch__Output } from './gen/mgrpo/v1/TrainingBatch.ts';
export type { VoteRequest__Output } from './gen/mgrpo/v1/VoteRequest.ts';
export type { WeightServiceClient } from './gen/mgrpo/v1/WeightService.ts';
