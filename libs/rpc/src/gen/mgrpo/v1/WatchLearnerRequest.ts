// Original file: ../../protos/mgrpo/v1/learner.proto


export interface WatchLearnerRequest {
}

export interface WatchLearnerRequest__Output {
}
