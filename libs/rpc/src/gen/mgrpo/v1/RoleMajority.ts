// Original file: ../../protos/mgrpo/v1/voter.proto


export interface RoleMajority {
  'answer'?: (string);
  'share'?: (number | string);
}

export interface RoleMajority__Output {
  'answer': (string);
  'share': (number);
}
