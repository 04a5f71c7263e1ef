// Original file: ../../protos/mgrpo/v1/rollout.proto

import type { Long } from '@grpc/proto-loader';

export interface GenerateRequest {
  'promptTokenIds'?: (number)[];
  'weightVersion'?: (number | string | Long);
  'numRollouts'?: (number);
  'seed'?: (number | string | Long);
  'temperature'?: (number | string);
  'maxResponseTokens'?: (number);
}

export interface GenerateRequest__Output {
  'promptTokenIds': (number)[];
  'weightVersion': (number);
  'numRollouts': (number);
  'seed': (number);
  'temperature': (number);
  'maxResponseTokens': (number);
}
