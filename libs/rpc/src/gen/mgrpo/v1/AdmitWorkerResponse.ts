// Original file: ../../protos/mgrpo/v1/learner.proto


export interface AdmitWorkerResponse {
}

export interface AdmitWorkerResponse__Output {
}
