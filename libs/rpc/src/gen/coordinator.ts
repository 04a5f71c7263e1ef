import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { CoordinatorServiceClient as _mgrpo_v1_CoordinatorServiceClient, CoordinatorServiceDefinition as _mgrpo_v1_CoordinatorServiceDefinition } from './mgrpo/v1/CoordinatorService.ts';
import type { GetRunRequest as _mgrpo_v1_GetRunRequest, GetRunRequest__Output as _mgrpo_v1_GetRunRequest__Output } from './mgrpo/v1/GetRunRequest.ts';
import type { PauseRunRequest as _mgrpo_v1_PauseRunRequest, PauseRunRequest__Output as _mgrpo_v1_PauseRunRequest__Output } from './mgrpo/v1/PauseRunRequest.ts';
import type { ResumeRunRequest as _mgrpo_v1_ResumeRunRequest, ResumeRunRequest__Output as _mgrpo_v1_ResumeRunRequest__Output } from './mgrpo/v1/ResumeRunRequest.ts';
import type { RunState as _mgrpo_v1_RunState, RunState__Output as _mgrpo_v1_RunState__Output } from './mgrpo/v1/RunState.ts';
import type { StopRunRequest as _mgrpo_v1_StopRunRequest, StopRunRequest__Output as _mgrpo_v1_StopRunRequest__Output } from './mgrpo/v1/StopRunRequest.ts';
import type { WatchRunRequest as _mgrpo_v1_WatchRunRequest, WatchRunRequest__Output as _mgrpo_v1_WatchRunRequest__Output } from './mgrpo/v1/WatchRunRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  mgrpo: {
    v1: {
      CoordinatorService: SubtypeConstructor<typeof grpc.Client, _mgrpo_v1_CoordinatorServiceClient> & { service: _mgrpo_v1_CoordinatorServiceDefinition }
      GetRunRequest: MessageTypeDefinition<_mgrpo_v1_GetRunRequest, _mgrpo_v1_GetRunRequest__Output>
      PauseRunRequest: MessageTypeDefinition<_mgrpo_v1_PauseRunRequest, _mgrpo_v1_PauseRunRequest__Output>
      ResumeRunRequest: MessageTypeDefinition<_mgrpo_v1_ResumeRunRequest, _mgrpo_v1_ResumeRunRequest__Output>
      RunState: MessageTypeDefinition<_mgrpo_v1_RunState, _mgrpo_v1_RunState__Output>
      StopRunRequest: MessageTypeDefinition<_mgrpo_v1_StopRunRequest, _mgrpo_v1_StopRunRequest__Output>
      WatchRunRequest: MessageTypeDefinition<_mgrpo_v1_WatchRunRequest, _mgrpo_v1_WatchRunRequest__Output>
    }
  }
}

