// Original file: ../../protos/mgrpo/v1/voter.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GroupVerdict as _mgrpo_v1_GroupVerdict, GroupVerdict__Output as _mgrpo_v1_GroupVerdict__Output } from '../../mgrpo/v1/GroupVerdict.ts';
import type { VoteRequest as _mgrpo_v1_VoteRequest, VoteRequest__Output as _mgrpo_v1_VoteRequest__Output } from '../../mgrpo/v1/VoteRequest.ts';

export interface VoterServiceClient extends grpc.Client {
  Vote(argument: _mgrpo_v1_VoteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  Vote(argument: _mgrpo_v1_VoteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  Vote(argument: _mgrpo_v1_VoteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  Vote(argument: _mgrpo_v1_VoteRequest, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  vote(argument: _mgrpo_v1_VoteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  vote(argument: _mgrpo_v1_VoteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  vote(argument: _mgrpo_v1_VoteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  vote(argument: _mgrpo_v1_VoteRequest, callback: grpc.requestCallback<_mgrpo_v1_GroupVerdict__Output>): grpc.ClientUnaryCall;
  
}

export interface VoterServiceHandlers extends grpc.UntypedServiceImplementation {
  Vote: grpc.handleUnaryCall<_mgrpo_v1_VoteRequest__Output, _mgrpo_v1_GroupVerdict>;
  
}

export interface VoterServiceDefinition extends grpc.ServiceDefinition {
  Vote: MethodDefinition<_mgrpo_v1_VoteRequest, _mgrpo_v1_GroupVerdict, _mgrpo_v1_VoteRequest__Output, _mgrpo_v1_GroupVerdict__Output>
}
