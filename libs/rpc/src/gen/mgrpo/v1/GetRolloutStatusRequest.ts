// Original file: ../../protos/mgrpo/v1/rollout.proto


export interface GetRolloutStatusRequest {
}

export interface GetRolloutStatusRequest__Output {
}
