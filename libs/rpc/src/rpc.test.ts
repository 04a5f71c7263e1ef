import { createHash, randomBytes, randomInt } from 'node:crypto';
import { MgrpoError } from '@mgrpo/errors';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchRequest__Output } from './gen/mgrpo/v1/FetchRequest.ts';
import type { GetRolloutStatusRequest__Output } from './gen/mgrpo/v1/GetRolloutStatusRequest.ts';
import type { RolloutStatus, RolloutStatus__Output } from './gen/mgrpo/v1/RolloutStatus.ts';
import type { WeightChunk } from './gen/mgrpo/v1/WeightChunk.ts';
import {
  connect,
  contracts,
  type MessageSink,
  openSecurity,
  RpcServer,
  sendWeights,
  serverStream,
  streamHandler,
  unary,
  unaryHandler,
  WeightAssembler,
  type WeightVersion,
  wholeTransfer,
} from './index.ts';

const bytes = randomBytes(5 * 1024 * 1024 + 12);
const weights: WeightVersion = {
  role: 'momentum',
  version: 7,
  learnerEpoch: 3,
  runId: 'run',
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes,
};

const whole = wholeTransfer(weights);
const sending = { progress: async () => {} };

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function weightServer(
  fetch: (request: FetchRequest__Output, sink: MessageSink<WeightChunk>) => Promise<void>,
) {
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [
      {
        definition: contracts.WeightService.service,
        implementation: { subscribe: streamHandler(fetch), fetch: streamHandler(fetch) },
      },
    ],
  });
  const client = connect(contracts.WeightService, `127.0.0.1:${server.port}`, openSecurity);
  closers.push(
    () => server.close(100),
    () => client.close(),
  );
  return client;
}

it('a server that is not there is named, in one sentence', async () => {
  const client = connect(contracts.WeightService, '127.0.0.1:1', openSecurity);
  closers.push(() => client.close());
  const chunks = serverStream('learner', (...call) => client.fetch({}, ...call));
  await expect(chunks.next()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^learner: .*ECONNREFUSED 127\.0\.0\.1:1\.?$/),
  });
});

describe('weights over a stream', () => {
  it('arrive whole, in chunks below the receive limit, and match their hash', async () => {
    const client = await weightServer((_request, sink) => sendWeights(sink, whole, sending));
    const assembler = new WeightAssembler(bytes.length);
    let received: WeightVersion | undefined;
    for await (const chunk of serverStream('learner', (...call) => client.fetch({}, ...call))) {
      received = assembler.add(chunk);
    }
    expect(received).toEqual(weights);
  });

  it('resume from the byte where a stream broke', async () => {
    const client = await weightServer((request, sink) =>
      sendWeights(sink, whole, { ...sending, offset: request.offset }),
    );
    const assembler = new WeightAssembler(bytes.length);
    for await (const chunk of serverStream('learner', (...call) => client.fetch({}, ...call))) {
      assembler.add(chunk);
      if (assembler.received > 2_000_000) break;
    }
    const offset = assembler.received;
    expect(offset).toBeLessThan(bytes.length);
    let received: WeightVersion | undefined;
    for await (const chunk of serverStream('learner', (...call) =>
      client.fetch({ offset }, ...call),
    )) {
      received = assembler.add(chunk);
    }
    expect(received?.bytes.equals(bytes)).toBe(true);
  });

  it('are refused when a byte changed on the way', async () => {
    const changed = { ...weights, bytes: Buffer.from(bytes) };
    changed.bytes[1234] = changed.bytes[1234]! ^ 1;
    const client = await weightServer((_request, sink) =>
      sendWeights(sink, wholeTransfer(changed), sending),
    );
    const assembler = new WeightAssembler(bytes.length);
    const receive = async () => {
      for await (const chunk of serverStream('learner', (...call) => client.fetch({}, ...call))) {
        assembler.add(chunk);
      }
    };
    await expect(receive()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('of another model are refused before anything is allocated', async () => {
    const client = await weightServer((_request, sink) => sendWeights(sink, whole, sending));
    const receive = async () => {
      for await (const chunk of serverStream('learner', (...call) => client.fetch({}, ...call))) {
        new WeightAssembler(64).add(chunk);
      }
    };
    await expect(receive()).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  });
});

async function statusServer(respond: (signal: AbortSignal) => Promise<RolloutStatus>, port = 0) {
  const handler = unaryHandler<GetRolloutStatusRequest__Output, RolloutStatus>((_request, signal) =>
    respond(signal),
  );
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port,
    reflection: true,
    services: [
      {
        definition: contracts.RolloutService.service,
        implementation: { generate: handler, getStatus: handler },
      },
    ],
  });
  const client = connect(contracts.RolloutService, `127.0.0.1:${server.port}`, openSecurity);
  closers.push(
    () => server.close(100),
    () => client.close(),
  );
  return { client, server };
}

describe('unary', () => {
  it('carries the error code and message of the handler to the caller', async () => {
    const { client } = await statusServer(async () => {
      throw new MgrpoError('STALE_WEIGHTS', 'version 3 is gone');
    });
    const call = unary<RolloutStatus__Output>('rollout', (...c) => client.getStatus({}, ...c), {
      deadlineMs: 2000,
    });
    await expect(call).rejects.toMatchObject({
      code: 'STALE_WEIGHTS',
      message: 'rollout: version 3 is gone',
    });
  });

  it('ends at its deadline and tells the handler', async () => {
    const aborted = Promise.withResolvers<void>();
    const { client } = await statusServer(async (signal) => {
      signal.addEventListener('abort', () => aborted.resolve());
      await aborted.promise;
      return {};
    });
    const call = unary<RolloutStatus__Output>('rollout', (...c) => client.getStatus({}, ...c), {
      deadlineMs: 100,
    });
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE' });
    await aborted.promise;
  });

  it('waits for a server that is not up yet when asked to', async () => {
    // Below the ports of outgoing connections, one of which could take it while nobody listens.
    const port = randomInt(15_000, 32_000);
    const client = connect(contracts.RolloutService, `127.0.0.1:${port}`, openSecurity);
    closers.push(() => client.close());
    const call = unary<RolloutStatus__Output>('rollout', (...c) => client.getStatus({}, ...c), {
      deadlineMs: 30_000,
      waitForReady: true,
    });
    await statusServer(async () => ({ state: 'late' }), port);
    expect((await call).state).toBe('late');
  });
});

it('a taken port is one clear error', async () => {
  const { server } = await statusServer(async () => ({}));
  const again = RpcServer.start({
    host: '127.0.0.1',
    port: server.port,
    reflection: false,
    services: [],
  });
  await expect(again).rejects.toThrow(
    new RegExp(`cannot listen on 127.0.0.1:${server.port}.*configure another`),
  );
});
