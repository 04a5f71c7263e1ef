import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  type AdmitWorkerRequest__Output,
  type GetLearnerStateRequest__Output,
  type LearnerState,
  type RecordEvaluationRequest__Output,
  roleFromWire,
  streamHandler,
  unaryHandler,
  type WatchLearnerRequest__Output,
} from '@mgrpo/rpc';
import { configHash, requireSameConfig } from '@mgrpo/service';
import type { Tracer } from '@mgrpo/telemetry';
import type { Learner } from './learner.ts';
import type { RoleDevices } from './role-devices.ts';

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
