// Original file: ../../protos/mgrpo/v1/weights.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FetchRequest as _mgrpo_v1_FetchRequest, FetchRequest__Output as _mgrpo_v1_FetchRequest__Output } from '../../mgrpo/v1/FetchRequest.ts';
import type { SubscribeRequest as _mgrpo_v1_SubscribeRequest, SubscribeRequest__Output as _mgrpo_v1_SubscribeRequest__Output } from '../../mgrpo/v1/SubscribeRequest.ts';
import type { WeightChunk as _mgrpo_v1_WeightChunk, WeightChunk__Output as _mgrpo_v1_WeightChunk__Output } from '../../mgrpo/v1/WeightChunk.ts';

export interface WeightServiceClient extends grpc.Client {
  Fetch(argument: _mgrpo_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  Fetch(argument: _mgrpo_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  fetch(argument: _mgrpo_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  fetch(argument: _mgrpo_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  
  Subscribe(argument: _mgrpo_v1_SubscribeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  Subscribe(argument: _mgrpo_v1_SubscribeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  subscribe(argument: _mgrpo_v1_SubscribeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  subscribe(argument: _mgrpo_v1_SubscribeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_WeightChunk__Output>;
  
}

export interface WeightServiceHandlers extends grpc.UntypedServiceImplementation {
  Fetch: grpc.handleServerStreamingCall<_mgrpo_v1_FetchRequest__Output, _mgrpo_v1_WeightChunk>;
  
  Subscribe: grpc.handleServerStreamingCall<_mgrpo_v1_SubscribeRequest__Output, _mgrpo_v1_WeightChunk>;
  
}

export interface WeightServiceDefinition extends grpc.ServiceDefinition {
  Fetch: MethodDefinition<_mgrpo_v1_FetchRequest, _mgrpo_v1_WeightChunk, _mgrpo_v1_FetchRequest__Output, _mgrpo_v1_WeightChunk__Output>
  Subscribe: MethodDefinition<_mgrpo_v1_SubscribeRequest, _mgrpo_v1_WeightChunk, _mgrpo_v1_SubscribeRequest__Output, _mgrpo_v1_WeightChunk__Output>
}
