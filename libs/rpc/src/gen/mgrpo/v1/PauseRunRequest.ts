// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface PauseRunRequest {
}

export interface PauseRunRequest__Output {
}
