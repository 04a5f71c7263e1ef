// Original file: ../../protos/mgrpo/v1/learner.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdmitWorkerRequest as _mgrpo_v1_AdmitWorkerRequest, AdmitWorkerRequest__Output as _mgrpo_v1_AdmitWorkerRequest__Output } from '../../mgrpo/v1/AdmitWorkerRequest.ts';
import type { AdmitWorkerResponse as _mgrpo_v1_AdmitWorkerResponse, AdmitWorkerResponse__Output as _mgrpo_v1_AdmitWorkerResponse__Output } from '../../mgrpo/v1/AdmitWorkerResponse.ts';
import type { CheckpointNowRequest as _mgrpo_v1_CheckpointNowRequest, CheckpointNowRequest__Output as _mgrpo_v1_CheckpointNowRequest__Output } from '../../mgrpo/v1/CheckpointNowRequest.ts';
import type { CheckpointNowResponse as _mgrpo_v1_CheckpointNowResponse, CheckpointNowResponse__Output as _mgrpo_v1_CheckpointNowResponse__Output } from '../../mgrpo/v1/CheckpointNowResponse.ts';
import type { GetLearnerStateRequest as _mgrpo_v1_GetLearnerStateRequest, GetLearnerStateRequest__Output as _mgrpo_v1_GetLearnerStateRequest__Output } from '../../mgrpo/v1/GetLearnerStateRequest.ts';
import type { LearnerState as _mgrpo_v1_LearnerState, LearnerState__Output as _mgrpo_v1_LearnerState__Output } from '../../mgrpo/v1/LearnerState.ts';
import type { QuarantineRequest as _mgrpo_v1_QuarantineRequest, QuarantineRequest__Output as _mgrpo_v1_QuarantineRequest__Output } from '../../mgrpo/v1/QuarantineRequest.ts';
import type { QuarantineResponse as _mgrpo_v1_QuarantineResponse, QuarantineResponse__Output as _mgrpo_v1_QuarantineResponse__Output } from '../../mgrpo/v1/QuarantineResponse.ts';
import type { RecordEvaluationRequest as _mgrpo_v1_RecordEvaluationRequest, RecordEvaluationRequest__Output as _mgrpo_v1_RecordEvaluationRequest__Output } from '../../mgrpo/v1/RecordEvaluationRequest.ts';
import type { RecordEvaluationResponse as _mgrpo_v1_RecordEvaluationResponse, RecordEvaluationResponse__Output as _mgrpo_v1_RecordEvaluationResponse__Output } from '../../mgrpo/v1/RecordEvaluationResponse.ts';
import type { WatchLearnerRequest as _mgrpo_v1_WatchLearnerRequest, WatchLearnerRequest__Output as _mgrpo_v1_WatchLearnerRequest__Output } from '../../mgrpo/v1/WatchLearnerRequest.ts';

export interface LearnerServiceClient extends grpc.Client {
  AdmitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  AdmitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  AdmitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  AdmitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  admitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  admitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  admitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  admitWorker(argument: _mgrpo_v1_AdmitWorkerRequest, callback: grpc.requestCallback<_mgrpo_v1_AdmitWorkerResponse__Output>): grpc.ClientUnaryCall;
  
  CheckpointNow(argument: _mgrpo_v1_CheckpointNowRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  CheckpointNow(argument: _mgrpo_v1_CheckpointNowRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  CheckpointNow(argument: _mgrpo_v1_CheckpointNowRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  CheckpointNow(argument: _mgrpo_v1_CheckpointNowRequest, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  checkpointNow(argument: _mgrpo_v1_CheckpointNowRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  checkpointNow(argument: _mgrpo_v1_CheckpointNowRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  checkpointNow(argument: _mgrpo_v1_CheckpointNowRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  checkpointNow(argument: _mgrpo_v1_CheckpointNowRequest, callback: grpc.requestCallback<_mgrpo_v1_CheckpointNowResponse__Output>): grpc.ClientUnaryCall;
  
  GetState(argument: _mgrpo_v1_GetLearnerStateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  GetState(argument: _mgrpo_v1_GetLearnerStateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  GetState(argument: _mgrpo_v1_GetLearnerStateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  GetState(argument: _mgrpo_v1_GetLearnerStateRequest, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  getState(argument: _mgrpo_v1_GetLearnerStateRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  getState(argument: _mgrpo_v1_GetLearnerStateRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  getState(argument: _mgrpo_v1_GetLearnerStateRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  getState(argument: _mgrpo_v1_GetLearnerStateRequest, callback: grpc.requestCallback<_mgrpo_v1_LearnerState__Output>): grpc.ClientUnaryCall;
  
  Quarantine(argument: _mgrpo_v1_QuarantineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  Quarantine(argument: _mgrpo_v1_QuarantineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  Quarantine(argument: _mgrpo_v1_QuarantineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  Quarantine(argument: _mgrpo_v1_QuarantineRequest, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  quarantine(argument: _mgrpo_v1_QuarantineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  quarantine(argument: _mgrpo_v1_QuarantineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  quarantine(argument: _mgrpo_v1_QuarantineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  quarantine(argument: _mgrpo_v1_QuarantineRequest, callback: grpc.requestCallback<_mgrpo_v1_QuarantineResponse__Output>): grpc.ClientUnaryCall;
  
  RecordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  RecordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  RecordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  RecordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  recordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  recordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  recordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  recordEvaluation(argument: _mgrpo_v1_RecordEvaluationRequest, callback: grpc.requestCallback<_mgrpo_v1_RecordEvaluationResponse__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _mgrpo_v1_WatchLearnerRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_LearnerState__Output>;
  Watch(argument: _mgrpo_v1_WatchLearnerRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_LearnerState__Output>;
  watch(argument: _mgrpo_v1_WatchLearnerRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_LearnerState__Output>;
  watch(argument: _mgrpo_v1_WatchLearnerRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_mgrpo_v1_LearnerState__Output>;
  
}

export interface LearnerServiceHandlers extends grpc.UntypedServiceImplementation {
  AdmitWorker: grpc.handleUnaryCall<_mgrpo_v1_AdmitWorkerRequest__Output, _mgrpo_v1_AdmitWorkerResponse>;
  
  CheckpointNow: grpc.handleUnaryCall<_mgrpo_v1_CheckpointNowRequest__Output, _mgrpo_v1_CheckpointNowResponse>;
  
  GetState: grpc.handleUnaryCall<_mgrpo_v1_GetLearnerStateRequest__Output, _mgrpo_v1_LearnerState>;
  
  Quarantine: grpc.handleUnaryCall<_mgrpo_v1_QuarantineRequest__Output, _mgrpo_v1_QuarantineResponse>;
  
  RecordEvaluation: grpc.handleUnaryCall<_mgrpo_v1_RecordEvaluationRequest__Output, _mgrpo_v1_RecordEvaluationResponse>;
  
  Watch: grpc.handleServerStreamingCall<_mgrpo_v1_WatchLearnerRequest__Output, _mgrpo_v1_LearnerState>;
  
}

export interface LearnerServiceDefinition extends grpc.ServiceDefinition {
  AdmitWorker: MethodDefinition<_mgrpo_v1_AdmitWorkerRequest, _mgrpo_v1_AdmitWorkerResponse, _mgrpo_v1_AdmitWorkerRequest__Output, _mgrpo_v1_AdmitWorkerResponse__Output>
  CheckpointNow: MethodDefinition<_mgrpo_v1_CheckpointNowRequest, _mgrpo_v1_CheckpointNowResponse, _mgrpo_v1_CheckpointNowRequest__Output, _mgrpo_v1_CheckpointNowResponse__Output>
  GetState: MethodDefinition<_mgrpo_v1_GetLearnerStateRequest, _mgrpo_v1_LearnerState, _mgrpo_v1_GetLearnerStateRequest__Output, _mgrpo_v1_LearnerState__Output>
  Quarantine: MethodDefinition<_mgrpo_v1_QuarantineRequest, _mgrpo_v1_QuarantineResponse, _mgrpo_v1_QuarantineRequest__Output, _mgrpo_v1_QuarantineResponse__Output>
  RecordEvaluation: MethodDefinition<_mgrpo_v1_RecordEvaluationRequest, _mgrpo_v1_RecordEvaluationResponse, _mgrpo_v1_RecordEvaluationRequest__Output, _mgrpo_v1_RecordEvaluationResponse__Output>
  Watch: MethodDefinition<_mgrpo_v1_WatchLearnerRequest, _mgrpo_v1_LearnerState, _mgrpo_v1_WatchLearnerRequest__Output, _mgrpo_v1_LearnerState__Output>
}
