// Original file: ../../protos/mgrpo/v1/coordinator.proto


export interface ResumeRunRequest {
}

export interface ResumeRunRequest__Output {
}
