import type { RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  type AdmitWorkerRequest__Output,
  type GetLearnerStateRequest__Output,
  type LearnerState,
  type QuarantineRequest__Output,
  type RecordEvaluationRequest__Output,
  requireSameMinor,
  roleFromWire,
  softwareVersion,
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
      // Who only looks sends no hash, and may be of any version.
      if (request.configHash !== '') requireSameMinor('the service that joins', request.version);
      requireSameConfig(request.configHash, ownHash);
      return { ...learner.state, version: softwareVersion };
    }),
    watch: streamHandler<WatchLearnerRequest__Output, LearnerState>(async (_request, sink) => {
      for await (const state of learner.states.read(sink.signal)) await sink.send(state);
    }),
    recordEvaluation: unaryHandler((request: RecordEvaluationRequest__Output, _signal, parent) => {
      const { version } = request;
      const evaluation = parseObject(request.evaluationJson, 'evaluation_json');
      return tracer.span('record evaluation', { parent, attributes: { version } }, async () => ({
        recorded: await learner.recordEvaluation(version, evaluation),
      }));
    }),
    quarantine: unaryHandler(async (request: QuarantineRequest__Output) => ({
      path: await learner.quarantine(request.name, parseObject(request.jobJson, 'job_json')),
    })),
    checkpointNow: unaryHandler(() => learner.checkpoint()),
    admitWorker: unaryHandler(async ({ role, worker, device }: AdmitWorkerRequest__Output) => {
      await devices.admit(roleFromWire(role), worker, device);
      return {};
    }),
  };
}

function parseObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new MgrpoError('INVALID_MESSAGE', `${what} is no JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MgrpoError('INVALID_MESSAGE', `${what} is no object`);
  }
  return value as Record<string, unknown>;
}
