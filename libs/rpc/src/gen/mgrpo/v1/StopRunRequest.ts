// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface StopRunRequest {
}

export interface StopRunRequest__Output {
}
