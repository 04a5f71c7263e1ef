import { loadModelFolder, weightsSha256 } from '@mgrpo/checkpoint';
import type { RunConfig } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  connect,
  contracts,
  type RolloutChunk__Output,
  type RolloutStatus__Output,
  unary,
} from '@mgrpo/rpc';
import { fromWire, openPeerSecurity } from '@mgrpo/service';
import { loadTokenizer } from '@mgrpo/tokenizer';
import type { OpenModel, Question } from '../../model.ts';
import { versionOf } from './serve-model.ts';

// A response of thousands of tokens on a busy CPU takes minutes; a dead worker is seen by its connection.
const generateDeadlineMs = 6 * 3600 * 1000;
const statusDeadlineMs = 30_000;

interface Lane {
  readonly address: string;
  readonly client: InstanceType<typeof contracts.RolloutService>;
  underWay: number;
  isLost: boolean;
}

export interface RemoteOptions {
  /** `host:port` of processes started by `mgrpo eval --listen`. */
  readonly workers: readonly string[];
  /** How we show the workers who we are. */
  readonly settings: RunConfig['deployment']['security'];
  readonly signal: AbortSignal;
  tell(message: string): void;
}

/** The addresses in a list `host:port,host:port`; USAGE names what is none. */
export function workerAddresses(list: string): string[] {
  return list.split(',').map((text) => {
    const address = text.trim();
    if (/^[^\s/]+:\d{1,5}$/.test(address)) return address;
    throw new MgrpoError('USAGE', `--workers "${address}" is no host:port`);
  });
}

/**
 * A model folder whose responses come from workers: the same as from engines here, bit for bit.
 *
 * INCOMPATIBLE when a worker has other weights than the folder, UNAVAILABLE when one can't be reached.
 */
export async function openRemoteModel(folder: string, options: RemoteOptions): Promise<OpenModel> {
  const [{ config, weights }, tokenizer] = await Promise.all([
    loadModelFolder(folder),
    loadTokenizer(folder),
  ]);
  const sha256 = weightsSha256(weights);
  const security = openPeerSecurity(options.settings, options.tell);
  const lanes = options.workers.map((address) => ({
    address,
    client: connect(contracts.RolloutService, address, security),
    underWay: 0,
    isLost: false,
  }));
  const close = async () => {
    for (const { client } of lanes) client.close();
    security.close();
  };
  let device: string;
  try {
    device = await checkWorkers(lanes, { folder, version: versionOf(sha256), ...options });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    tokenizer,
    maxTokens: config.maxPositionEmbeddings,
    weightsSha256: sha256,
    device,
    respond: (question) => respond(lanes, { question, version: versionOf(sha256), ...options }),
    close,
  };
}

/** Returns what they compute on. */
async function checkWorkers(
  lanes: readonly Lane[],
  { folder, version, signal, tell }: RemoteOptions & { folder: string; version: number },
): Promise<string> {
  const fingerprints = new Set<string>();
  const devices = new Set<string>();
  for (const { address, client } of lanes) {
    const status = await unary<RolloutStatus__Output>(
      `worker ${address}`,
      (...call) => client.getStatus({}, ...call),
      { deadlineMs: statusDeadlineMs, signal, waitForReady: true },
    );
    if (!status.weightVersions.includes(version)) {
      const what = `worker ${address} has other weights than ${folder}`;
      throw new MgrpoError('INCOMPATIBLE', `${what}; start it with the same --model`);
    }
    fingerprints.add(`${status.fingerprint} ${status.device}`);
    devices.add(status.device);
  }
  if (fingerprints.size > 1) {
    tell(
      'the workers differ in device, CPU, ONNX Runtime or Node: another evaluation may differ in bits',
    );
  }
  return [...devices].sort().join(', ');
}

/** From the worker with the least to do; from another when it is lost. */
async function respond(
  lanes: readonly Lane[],
  options: RemoteOptions & { readonly question: Question; readonly version: number },
): ReturnType<OpenModel['respond']> {
  for (;;) {
    const open = lanes.filter(({ isLost }) => !isLost);
    if (open.length === 0) throw new MgrpoError('UNAVAILABLE', 'no worker of --workers is left');
    const lane = open.reduce((a, b) => (b.underWay < a.underWay ? b : a));
    const { samples } = options.question;
    lane.underWay += samples;
    try {
      return await generate(lane, options);
    } catch (error) {
      if (!(error instanceof MgrpoError && error.code === 'UNAVAILABLE')) throw error;
      if (!lane.isLost) options.tell(`worker ${lane.address} is lost (${messageOf(error)})`);
      lane.isLost = true;
    } finally {
      lane.underWay -= samples;
    }
  }
}

async function generate(
  { address, client }: Lane,
  { question, version, signal }: RemoteOptions & { question: Question; version: number },
) {
  const { promptTokens, seed, samples, sampling } = question;
  const request = {
    promptTokenIds: [...promptTokens],
    weightVersion: version,
    numRollouts: samples,
    seed,
    temperature: sampling.temperature,
    maxResponseTokens: sampling.maxResponseTokens,
  };
  const chunk = await unary<RolloutChunk__Output>(
    `worker ${address}`,
    (...call) => client.generate(request, ...call),
    { deadlineMs: generateDeadlineMs, signal },
  );
  const part = fromWire(chunk, `the answer of worker ${address}`);
  // Fewer responses, or another model's, would be scored as if they were what was asked for.
  const isAsked =
    part.weightVersion === version && part.firstRollout === 0 && part.rollouts.length === samples;
  if (isAsked) return [...part.rollouts];
  const got = `${part.rollouts.length} of ${samples} responses, by weights ${part.weightVersion}`;
  throw new MgrpoError('INVALID_MESSAGE', `worker ${address} answered with ${got}; restart it`);
}
