// Original file: ../../protos/mgrpo/v1/voter.proto


export interface ChunkReference {
  'key'?: (string);
  'sha256'?: (string);
}

export interface ChunkReference__Output {
  'key': (string);
  'sha256': (string);
}
