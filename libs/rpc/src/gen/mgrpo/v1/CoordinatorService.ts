// Original file: ../../protos/mgrpo/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetRunRequest as _mgrpo_v1_GetRunRequest, GetRunRequest__Output as _mgrpo_v1_GetRunRequest__Output } from '../../mgrpo/v1/GetRunRequest.ts';
import type { GetStatusRequest as _mgrpo_v1_GetStatusRequest, GetStatusRequest__Output as _mgrpo_v1_GetStatusRequest__Output } from '../../mgrpo/v1/GetStatusRequest.ts';
import type { PauseRunRequest as _mgrpo_v1_PauseRunRequest, PauseRunRequest__Output as _mgrpo_v1_PauseRunRequest__Output } from '../../mgrpo/v1/PauseRunRequest.ts';
import type { ResumeRunRequest as _mgrpo_v1_ResumeRunRequest, ResumeRunRequest__Output as _mgrpo_v1_ResumeRunRequest__Output } from '../../mgrpo/v1/ResumeRunRequest.ts';
import type { RunState as _mgrpo_v1_RunState, RunState__Output as _mgrpo_v1_RunState__Output } from '../../mgrpo/v1/RunState.ts';
import type { RunStatus as _mgrpo_v1_RunStatus, RunStatus__Output as _mgrpo_v1_RunStatus__Output } from '../../mgrpo/v1/RunStatus.ts';
import type { StopRunRequest as _mgrpo_v1_StopRunRequest, StopRunRequest__Output as _mgrpo_v1_StopRunRequest__Output } from '../../mgrpo/v1/StopRunRequest.ts';
import type { WatchRunRequest as _mgrpo_v1_WatchRunRequest, WatchRunRequest__Output as _mgrpo_v1_WatchRunRequest__Output } from '../../mgrpo/v1/WatchRunRequest.ts';

export interface CoordinatorServiceClient extends grpc.Client {
  GetRun(argument: _mgrpo_v1_GetRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _mgrpo_v1_GetRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _mgrpo_v1_GetRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _mgrpo_v1_GetRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  getRun(argument: _mgrpo_v1_GetRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  getRun(argument: _mgrpo_v1_GetRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  getRun(argument: _mgrpo_v1_GetRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  getRun(argument: _mgrpo_v1_GetRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  
  GetStatus(argument: _mgrpo_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _mgrpo_v1_GetStatusRequest, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _mgrpo_v1_GetStatusRequest, callback: grpc.requestCallback<_mgrpo_v1_RunStatus__Output>): grpc.ClientUnaryCall;
  
  PauseRun(argument: _mgrpo_v1_PauseRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  PauseRun(argument: _mgrpo_v1_PauseRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  PauseRun(argument: _mgrpo_v1_PauseRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  PauseRun(argument: _mgrpo_v1_PauseRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  pauseRun(argument: _mgrpo_v1_PauseRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  pauseRun(argument: _mgrpo_v1_PauseRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  pauseRun(argument: _mgrpo_v1_PauseRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  pauseRun(argument: _mgrpo_v1_PauseRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  
  ResumeRun(argument: _mgrpo_v1_ResumeRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  ResumeRun(argument: _mgrpo_v1_ResumeRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  ResumeRun(argument: _mgrpo_v1_ResumeRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  ResumeRun(argument: _mgrpo_v1_ResumeRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  resumeRun(argument: _mgrpo_v1_ResumeRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  resumeRun(argument: _mgrpo_v1_ResumeRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  resumeRun(argument: _mgrpo_v1_ResumeRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  resumeRun(argument: _mgrpo_v1_ResumeRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  
  StopRun(argument: _mgrpo_v1_StopRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _mgrpo_v1_StopRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _mgrpo_v1_StopRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _mgrpo_v1_StopRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _mgrpo_v1_StopRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _mgrpo_v1_StopRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _mgrpo_v1_StopRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _mgrpo_v1_StopRunRequest, callback: grpc.requestCallback<_mgrpo_v1_RunState__Output>): grpc.ClientUnaryCall;
  
  WatchRun(argument: _mgrpo_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_RunState__Output>;
  WatchRun(argument: _mgrpo_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_RunState__Output>;
  watchRun(argument: _mgrpo_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_RunState__Output>;
  watchRun(argument: _mgrpo_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_RunState__Output>;
  
}

export interface CoordinatorServiceHandlers extends grpc.UntypedServiceImplementation {
  GetRun: grpc.handleUnaryCall<_mgrpo_v1_GetRunRequest__Output, _mgrpo_v1_RunState>;
  
  GetStatus: grpc.handleUnaryCall<_mgrpo_v1_GetStatusRequest__Output, _mgrpo_v1_RunStatus>;
  
  PauseRun: grpc.handleUnaryCall<_mgrpo_v1_PauseRunRequest__Output, _mgrpo_v1_RunState>;
  
  ResumeRun: grpc.handleUnaryCall<_mgrpo_v1_ResumeRunRequest__Output, _mgrpo_v1_RunState>;
  
  StopRun: grpc.handleUnaryCall<_mgrpo_v1_StopRunRequest__Output, _mgrpo_v1_RunState>;
  
  WatchRun: grpc.handleServerStreamingCall<_mgrpo_v1_WatchRunRequest__Output, _mgrpo_v1_RunState>;
  
}

export interface CoordinatorServiceDefinition extends grpc.ServiceDefinition {
  GetRun: MethodDefinition<_mgrpo_v1_GetRunRequest, _mgrpo_v1_RunState, _mgrpo_v1_GetRunRequest__Output, _mgrpo_v1_RunState__Output>
  GetStatus: MethodDefinition<_mgrpo_v1_GetStatusRequest, _mgrpo_v1_RunStatus, _mgrpo_v1_GetStatusRequest__Output, _mgrpo_v1_RunStatus__Output>
  PauseRun: MethodDefinition<_mgrpo_v1_PauseRunRequest, _mgrpo_v1_RunState, _mgrpo_v1_PauseRunRequest__Output, _mgrpo_v1_RunState__Output>
  ResumeRun: MethodDefinition<_mgrpo_v1_ResumeRunRequest, _mgrpo_v1_RunState, _mgrpo_v1_ResumeRunRequest__Output, _mgrpo_v1_RunState__Output>
  StopRun: MethodDefinition<_mgrpo_v1_StopRunRequest, _mgrpo_v1_RunState, _mgrpo_v1_StopRunRequest__Output, _mgrpo_v1_RunState__Output>
  WatchRun: MethodDefinition<_mgrpo_v1_WatchRunRequest, _mgrpo_v1_RunState, _mgrpo_v1_WatchRunRequest__Output, _mgrpo_v1_RunState__Output>
}
