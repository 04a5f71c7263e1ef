import { configOfRole, type RunConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import {
  checkOwnCertificate,
  contracts,
  type GenerateRequest__Output,
  RpcServer,
  unaryHandler,
  wireRole,
} from '@mgrpo/rpc';
import type { DeviceSetting } from '@mgrpo/runtime';
import { machineFingerprint, openPeerSecurity, requireProtection, toWire } from '@mgrpo/service';
import { type OpenModel, openModel } from '../../model.ts';
import { stopSignal } from '../../stop-signal.ts';

export interface ServeModelOptions {
  readonly model: string;
  /** `host:port`, or a port of this machine alone; port 0 takes a free one. */
  readonly listen: string;
  readonly engines: number;
  readonly device: DeviceSetting;
  /** Of it, who may call (as for a policy-rollout service) and the engine's slots. */
  readonly deployment: RunConfig['deployment'];
}

/** The weight version by which a worker names a model folder's weights: 52 bits of their hash. */
export function versionOf(weightsSha256: string): number {
  return Number.parseInt(weightsSha256.slice(0, 13), 16);
}

/** Serves a model folder to evaluations (`mgrpo eval --workers`) until a signal ends it; returns the exit code. */
export async function serveModel(options: ServeModelOptions): Promise<number> {
  const { host, port } = parseListen(options.listen);
  const tell = (message: string) => process.stderr.write(`mgrpo: ${message}\n`);
  const { rollout, security: settings } = configOfRole(options, 'policy-rollout').deployment;
  const security = openPeerSecurity(settings, tell);
  const warning = requireProtection(host, settings, security);
  if (warning !== null) tell(warning);
  const stop = stopSignal(tell);
  const { slots } = rollout;
  const model = await openModel(options.model, { ...options, slots, signal: stop.signal });
  try {
    const server = await RpcServer.start({
      host,
      port,
      reflection: false,
      security,
      services: [{ definition: contracts.RolloutService.service, implementation: modelRpc(model) }],
    });
    await checkOwnCertificate(server.port, host, security);
    server.setServing(true);
    process.stdout.write(`serving ${options.model} on ${host}:${server.port}\n`);
    if (!stop.signal.aborted) {
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    }
    await server.close(500);
    return 0;
  } finally {
    stop.release();
    security.close();
    await model.close();
  }
}

function modelRpc(model: OpenModel) {
  const held = versionOf(model.weightsSha256);
  let activeRollouts = 0;
  let generatedTokens = 0;
  const generate = async (request: GenerateRequest__Output, signal: AbortSignal) => {
    const { weightVersion, seed, temperature, maxResponseTokens } = request;
    if (weightVersion !== held) {
      const what = `weights ${weightVersion} are asked for, this worker has ${held}`;
      throw new MgrpoError('STALE_WEIGHTS', what);
    }
    const samples = Math.max(1, request.numRollouts);
    activeRollouts += samples;
    try {
      const rollouts = await model.respond(
        {
          promptTokens: Int32Array.from(request.promptTokenIds),
          prompt: 0,
          seed,
          samples,
          purpose: 'direct',
          sampling: { temperature, topP: 1, topK: 0, maxResponseTokens },
        },
        signal,
      );
      generatedTokens += rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
      const place = { runId: '', iteration: 0, prompt: 0, firstRollout: 0, weightVersion };
      return toWire({ ...place, role: 'policy', rollouts });
    } finally {
      activeRollouts -= samples;
    }
  };
  return {
    generate: unaryHandler(generate),
    getStatus: unaryHandler(async () => ({
      role: wireRole.policy,
      state: 'ready',
      weightVersions: [held],
      activeRollouts,
      generatedTokens,
      fingerprint: await machineFingerprint(),
      device: model.device,
    })),
  };
}

function parseListen(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  const host = at === -1 ? '127.0.0.1' : listen.slice(0, at);
  const text = listen.slice(at + 1);
  // An IPv6 address has colons of its own, so it stands in brackets.
  const isHost = /^(\[[^\]]+\]|[^:\s]+)$/.test(host);
  if (isHost && /^\d{1,5}$/.test(text) && Number(text) < 65_536) {
    return { host, port: Number(text) };
  }
  throw new MgrpoError('USAGE', `--listen "${listen}" is neither host:port nor a port`);
}
