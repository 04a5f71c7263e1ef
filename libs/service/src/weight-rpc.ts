import { MgrpoError } from '@mgrpo/errors';
import {
  type FetchRequest__Output,
  roleFromWire,
  type SubscribeRequest__Output,
  streamHandler,
  type WeightChunk,
} from '@mgrpo/rpc';
import { heldNothing, type WeightPublisher } from './weight-publisher.ts';

/** What subscribers must have in common with the run. */
export interface RunTraits {
  configHash: string;
  fingerprint: string;
}

/** `WeightService`, of the learner and of relays. */
export function weightRpc(publisher: WeightPublisher, run: RunTraits) {
  return {
    subscribe: streamHandler<SubscribeRequest__Output, WeightChunk>(async (request, sink) => {
      requireSameConfig(request.configHash, run.configHash);
      if (!request.isRelay && request.fingerprint !== run.fingerprint) {
        throw new MgrpoError(
          'INCOMPATIBLE',
          `${request.subscriber} has another CPU, ONNX Runtime or Node than the learner, so its rollouts would have other bits; run the workers of one run on equal machines`,
        );
      }
      const held =
        request.afterVersion === undefined
          ? heldNothing
          : { version: request.afterVersion, learnerEpoch: request.afterEpoch };
      await publisher.subscribe(roleFromWire(request.role), sink, held);
    }),
    fetch: streamHandler<FetchRequest__Output, WeightChunk>(async (request, sink, traceparent) => {
      await publisher.fetch({ ...request, role: roleFromWire(request.role), traceparent }, sink);
    }),
  };
}

/** @throws MgrpoError INCOMPATIBLE when the caller's configuration differs; an empty hash is of a caller without one. */
export function requireSameConfig(theirs: string, ours: string): void {
  if (theirs === '' || theirs === ours) return;
  throw new MgrpoError(
    'INCOMPATIBLE',
    'the configuration differs from the learner’s; give every service of a run the same configuration (deployment may differ)',
  );
}
