import { createHash } from 'node:crypto';
import {
  connect,
  contracts,
  openSecurity,
  RpcServer,
  serverStream,
  type WeightChunk__Output,
  type WeightVersion,
} from '@mgrpo/rpc';
import { WeightFeed, WeightPublisher, weightRpc } from '@mgrpo/service';
import { createLogger } from '@mgrpo/telemetry';
import { loadRunId } from './settings.ts';
import { tell, tellUsage } from './usage.ts';

/** Weights of a load that is not about weights. */
export const loadWeightBytes = 16;

/** Some bytes for a version. */
export function weightsOf(version: number, numBytes: number): WeightVersion {
  const bytes = Buffer.alloc(numBytes, `weights of version ${version}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { role: 'policy', version, learnerEpoch: 1, runId: loadRunId, sha256, bytes };
}

/** Serves what is published on a free port, which it returns. */
export async function serveWeights(publisher: WeightPublisher): Promise<number> {
  const implementation = weightRpc(publisher, { configHash: '', fingerprint: '' });
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [{ definition: contracts.WeightService.service, implementation }],
  });
  return server.port;
}

const noJobs = () => ({ engineMs: 0, ended: [] });

/** The learner as far as weights go: publishes a version whenever its parent says so. */
export async function runPublisher({ numBytes }: { numBytes: number }): Promise<void> {
  let version = 0;
  let sentBytes = 0;
  const publisher = new WeightPublisher(1, {
    onTransfer: (_role, bytes) => {
      sentBytes += bytes;
    },
  });
  process.on('message', (message) => {
    if (message === 'sent') return tell({ kind: 'sent', bytes: sentBytes });
    version += 1;
    const policy = weightsOf(version, numBytes);
    tell({ kind: 'published', atMs: Date.now() });
    publisher.publish({ policy, momentum: { ...policy, role: 'momentum' } });
  });
  tellUsage(noJobs);
  tell({ kind: 'ready', port: await serveWeights(publisher) });
}

/** A relay, of the parts of the service of that name. */
export async function runRelay(argument: { parent: number; numBytes: number }): Promise<void> {
  const publisher = new WeightPublisher(2);
  new WeightFeed({
    addresses: [`127.0.0.1:${argument.parent}`],
    security: openSecurity,
    subscriber: { role: 'policy', name: 'load', fingerprint: '', configHash: '', isRelay: true },
    runId: loadRunId,
    expectedBytes: argument.numBytes,
    reconnectDelayMs: 200,
    staleMs: 60_000,
    returnMs: 60_000,
    log: createLogger({ service: 'load', level: 'warn' }),
    onVersion: async () => {},
    onProgress: (transfer) => publisher.offer(transfer),
  });
  tellUsage(noJobs);
  tell({ kind: 'ready', port: await serveWeights(publisher) });
}

/** Subscribers that hash what comes and keep nothing of it. */
export async function runSubscribers(argument: { parents: readonly number[] }): Promise<void> {
  tellUsage(noJobs);
  for (const port of argument.parents) void subscribe(port);
  tell({ kind: 'ready', port: 0 });
}

async function subscribe(port: number): Promise<void> {
  const client = connect(contracts.WeightService, `127.0.0.1:${port}`, openSecurity);
  const request = {
    role: 'ROLE_POLICY' as const,
    subscriber: 'load',
    fingerprint: '',
    configHash: '',
  };
  const chunks = serverStream<WeightChunk__Output>(
    'weights',
    (...call) => client.subscribe(request, ...call),
    { signal: new AbortController().signal },
  );
  let hash = createHash('sha256');
  for await (const { offset, data, totalBytes, sha256 } of chunks) {
    hash.update(data);
    if (offset + data.length < totalBytes) continue;
    if (hash.digest('hex') !== sha256) throw new Error('the weights came wrong');
    hash = createHash('sha256');
    tell({ kind: 'received', atMs: Date.now() });
  }
}
