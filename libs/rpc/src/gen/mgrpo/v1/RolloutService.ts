// Original file: ../../protos/mgrpo/v1/rollout.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GenerateRequest as _mgrpo_v1_GenerateRequest, GenerateRequest__Output as _mgrpo_v1_GenerateRequest__Output } from '../../mgrpo/v1/GenerateRequest.ts';
import type { GetRolloutStatusRequest as _mgrpo_v1_GetRolloutStatusRequest, GetRolloutStatusRequest__Output as _mgrpo_v1_GetRolloutStatusRequest__Output } from '../../mgrpo/v1/GetRolloutStatusRequest.ts';
import type { RolloutChunk as _mgrpo_v1_RolloutChunk, RolloutChunk__Output as _mgrpo_v1_RolloutChunk__Output } from '../../mgrpo/v1/RolloutChunk.ts';
import type { RolloutStatus as _mgrpo_v1_RolloutStatus, RolloutStatus__Output as _mgrpo_v1_RolloutStatus__Output } from '../../mgrpo/v1/RolloutStatus.ts';

export interface RolloutServiceClient extends grpc.Client {
  Generate(argument: _mgrpo_v1_GenerateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  Generate(argument: _mgrpo_v1_GenerateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  Generate(argument: _mgrpo_v1_GenerateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  Generate(argument: _mgrpo_v1_GenerateRequest, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  generate(argument: _mgrpo_v1_GenerateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  generate(argument: _mgrpo_v1_GenerateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  generate(argument: _mgrpo_v1_GenerateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  generate(argument: _mgrpo_v1_GenerateRequest, callback: grpc.requestCallback<_mgrpo_v1_RolloutChunk__Output>): grpc.ClientUnaryCall;
  
  GetStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetRolloutStatusRequest, callback: grpc.requestCallback<_mgrpo_v1_RolloutStatus__Output>): grpc.ClientUnaryCall;
  
}

export interface RolloutServiceHandlers extends grpc.UntypedServiceImplementation {
  Generate: grpc.handleUnaryCall<_mgrpo_v1_GenerateRequest__Output, _mgrpo_v1_RolloutChunk>;
  
  GetStatus: grpc.handleUnaryCall<_mgrpo_v1_GetRolloutStatusRequest__Output, _mgrpo_v1_RolloutStatus>;
  
}

export interface RolloutServiceDefinition extends grpc.ServiceDefinition {
  Generate: MethodDefinition<_mgrpo_v1_GenerateRequest, _mgrpo_v1_RolloutChunk, _mgrpo_v1_GenerateRequest__Output, _mgrpo_v1_RolloutChunk__Output>
  GetStatus: MethodDefinition<_mgrpo_v1_GetRolloutStatusRequest, _mgrpo_v1_RolloutStatus, _mgrpo_v1_GetRolloutStatusRequest__Output, _mgrpo_v1_RolloutStatus__Output>
}
