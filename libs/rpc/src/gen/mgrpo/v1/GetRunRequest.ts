// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface GetRunRequest {
}

export interface GetRunRequest__Output {
}
