import type { RunConfig } from '@mgrpo/config';
import type { RolloutEngine } from '@mgrpo/generation';
import { type GenerateRequest__Output, unaryHandler, wireRole } from '@mgrpo/rpc';
import type { Tracer } from '@mgrpo/telemetry';
import { machineFingerprint } from './machine.ts';
import { toWire } from './rollout-codec.ts';
import type { RolloutWorker } from './rollout-worker.ts';

export interface RolloutRpcOptions {
  role: 'policy' | 'momentum';
  runId: string;
  config: RunConfig;
  stopTokenIds: readonly number[];
  device: string;
  engine: RolloutEngine;
  worker: RolloutWorker;
  tracer: Tracer;
}

/** `RolloutService`: direct generation, and a look at the worker. */
export function rolloutRpc(options: RolloutRpcOptions) {
  const { role, runId, config, stopTokenIds, device, engine, worker, tracer } = options;
  const generate = async (request: GenerateRequest__Output, signal: AbortSignal) => {
    const { weightVersion } = request;
    const rollouts = await engine.generate(
      {
        stream: { seed: request.seed, purpose: 'direct', iteration: 0, prompt: 0, role },
        promptTokens: Int32Array.from(request.promptTokenIds),
        firstRollout: 0,
        numRollouts: Math.max(1, request.numRollouts),
        weightVersion,
        sampling: {
          temperature: request.temperature,
          topP: 1,
          topK: 0,
          maxResponseTokens: request.maxResponseTokens || config.sampling.maxResponseTokens,
          stopTokenIds,
        },
      },
      signal,
    );
    return toWire({
      runId,
      iteration: 0,
      prompt: 0,
      role,
      weightVersion,
      firstRollout: 0,
      rollouts,
    });
  };
  return {
    generate: unaryHandler((request: GenerateRequest__Output, signal, parent) => {
      const { weightVersion: version, numRollouts: rollouts } = request;
      const attributes = { role, version, rollouts };
      return tracer.span('generate', { parent, attributes }, () => generate(request, signal));
    }),
    getStatus: unaryHandler(async () => {
      return {
        role: wireRole[role],
        state: engine.notReady() ?? 'ready',
        weightVersions: [...engine.versions()],
        activeRollouts: worker.activeRollouts,
        generatedTokens: worker.generatedTokens,
        fingerprint: await machineFingerprint(),
        device,
      };
    }),
  };
}
