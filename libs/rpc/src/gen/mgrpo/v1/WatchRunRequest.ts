// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface WatchRunRequest {
}

export interface WatchRunRequest__Output {
}
