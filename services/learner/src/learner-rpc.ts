import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  type AdmitWorkerRequest__Output,
  type FetchRequest__Output,
  type GetLearnerStateRequest__Output,
  type LearnerState,
  type RecordEvaluationRequest__Output,
  roleFromWire,
  type SubscribeRequest__Output,
  streamHandler,
  unaryHandler,
  type WatchLearnerRequest__Output,
  type WeightChunk,
} from '@mgrpo/rpc';
import { configHash, machineFingerprint } from '@mgrpo/service';
import type { Tracer } from '@mgrpo/telemetry';
import type { Learner } from './learner.ts';
import type { RoleDevices } from './role-devices.ts';
import type { WeightPublisher } from './weight-publisher.ts';

/** `LearnerService`. */
export function learnerRpc(
  learner: Learner,
  { devices, config, tracer }: { devices: RoleDevices; config: RunConfig; tracer: Tracer },
) {
  const ownHash = configHash(config);
  return {
    getState: unaryHandler(async (request: GetLearnerStateRequest__Output) => {
      requireSameConfig(request.configHash, ownHash);
      return learner.state;
    }),
    watch: streamHandler<WatchLearnerRequest__Output, LearnerState>(async (_request, sink) => {
      for await (const state of learner.states.read(sink.signal)) await sink.send(state);
    }),
    recordEvaluation: unaryHandler((request: RecordEvaluationRequest__Output, _signal, parent) => {
      const { version, evaluationJson } = request;
      return tracer.span('record evaluation', { parent, attributes: { version } }, async () => ({
        recorded: await learner.recordEvaluation(version, parseEvaluation(evaluationJson)),
      }));
    }),
    checkpointNow: unaryHandler(() => learner.checkpoint()),
    admitWorker: unaryHandler(async ({ role, worker, device }: AdmitWorkerRequest__Output) => {
      await devices.admit(roleFromWire(role), worker, device);
      return {};
    }),
  };
}

/** `WeightService`. */
export function weightRpc(publisher: WeightPublisher, config: RunConfig) {
  const ownHash = configHash(config);
  const ownFingerprint = machineFingerprint();
  return {
    subscribe: streamHandler<SubscribeRequest__Output, WeightChunk>(async (request, sink) => {
      requireSameConfig(request.configHash, ownHash);
      if (request.fingerprint !== ownFingerprint) {
        throw new MgrpoError(
          'INCOMPATIBLE',
          `${request.subscriber} has another CPU, ONNX Runtime or Node than the learner, so its rollouts would have other bits; run the workers of one run on equal machines`,
        );
      }
      await publisher.subscribe(roleFromWire(request.role), sink);
    }),
    fetch: streamHandler<FetchRequest__Output, WeightChunk>(async (request, sink, traceparent) => {
      await publisher.fetch({ ...request, role: roleFromWire(request.role), traceparent }, sink);
    }),
  };
}

function requireSameConfig(theirs: string, ours: string): void {
  if (theirs === '' || theirs === ours) return;
  throw new MgrpoError(
    'INCOMPATIBLE',
    'the configuration differs from the learner’s; give every service of a run the same configuration (deployment may differ)',
  );
}

function parseEvaluation(json: string): Record<string, unknown> {
  let evaluation: unknown;
  try {
    evaluation = JSON.parse(json);
  } catch (error) {
    throw new MgrpoError('INVALID_MESSAGE', 'evaluation_json is no JSON', { cause: error });
  }
  if (typeof evaluation !== 'object' || evaluation === null || Array.isArray(evaluation)) {
    throw new MgrpoError('INVALID_MESSAGE', 'evaluation_json is no object');
  }
  return evaluation as Record<string, unknown>;
}
