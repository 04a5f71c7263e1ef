// Original file: ../../protos/mgrpo/v1/learner.proto


export interface CheckpointNowRequest {
}

export interface CheckpointNowRequest__Output {
}
