import { createHash, randomBytes } from 'node:crypto';
import { freePort } from '@mgrpo/queues';
import { contracts, openSecurity, RpcServer, type WeightVersion } from '@mgrpo/rpc';
import { createLogger } from '@mgrpo/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { WeightFeed } from './weight-feed.ts';
import { WeightPublisher } from './weight-publisher.ts';
import { weightRpc } from './weight-rpc.ts';

const numBytes = 2_500_000;
const log = createLogger({ service: 'test', level: 'silent' });
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function weights(role: 'policy' | 'momentum', version: number, learnerEpoch = 1): WeightVersion {
  const bytes = randomBytes(numBytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { role, version, learnerEpoch, runId: 'r', sha256, bytes };
}

function publish(publisher: WeightPublisher, version: number, learnerEpoch = 1): WeightVersion {
  const policy = weights('policy', version, learnerEpoch);
  publisher.publish({ policy, momentum: weights('momentum', version, learnerEpoch) });
  return policy;
}

async function serve(publisher: WeightPublisher, port = 0): Promise<RpcServer> {
  const implementation = weightRpc(publisher, { configHash: '', fingerprint: '' });
  const definition = contracts.WeightService.service;
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port,
    reflection: false,
    services: [{ definition, implementation }],
  });
  closers.push(() => server.close(50));
  return server;
}

function feedOf(port: number, expectedBytes: number, seen: WeightVersion[] = []): WeightFeed {
  const feed = new WeightFeed({
    addresses: [`127.0.0.1:${port}`],
    security: openSecurity,
    subscriber: { role: 'policy', name: 'test', fingerprint: '', configHash: '', isRelay: false },
    runId: 'r',
    expectedBytes,
    reconnectDelayMs: 20,
    staleMs: 1000,
    returnMs: 1000,
    log,
    onVersion: async (version) => {
      seen.push(version);
    },
  });
  closers.push(() => feed.close());
  return feed;
}

function follow(port: number): { feed: WeightFeed; seen: WeightVersion[] } {
  const seen: WeightVersion[] = [];
  return { feed: feedOf(port, numBytes, seen), seen };
}

describe('a subscriber', () => {
  it('gets the versions kept at once and each new one in order, of its role only', async () => {
    const publisher = new WeightPublisher(2);
    for (const version of [0, 1, 2]) publish(publisher, version);
    const { port } = await serve(publisher);
    const { feed, seen } = follow(port);
    expect(await feed.arrived(2, 30_000)).toBe(true);
    const third = publish(publisher, 3);
    expect(await feed.arrived(3, 30_000)).toBe(true);
    expect(seen.map(({ role, version }) => [role, version])).toEqual([
      ['policy', 1],
      ['policy', 2],
      ['policy', 3],
    ]);
    expect(seen.at(-1)).toEqual(third);
  });

  it('goes on with the next learner when the one before dies', async () => {
    const first = new WeightPublisher(1);
    publish(first, 4, 1);
    const server = await serve(first, await freePort());
    const { feed, seen } = follow(server.port);
    await feed.arrived(4, 30_000);
    await server.close(0);
    const second = new WeightPublisher(1);
    publish(second, 5, 2);
    await serve(second, server.port);
    expect(await feed.arrived(5, 30_000)).toBe(true);
    expect(seen.map(({ version, learnerEpoch }) => [version, learnerEpoch])).toEqual([
      [4, 1],
      [5, 2],
    ]);
  });

  it('does not believe a learner that was displaced', async () => {
    const current = new WeightPublisher(1);
    publish(current, 4, 2);
    const server = await serve(current, await freePort());
    const { feed, seen } = follow(server.port);
    await feed.arrived(4, 30_000);
    await server.close(0);
    const zombie = new WeightPublisher(1);
    publish(zombie, 5, 1);
    await serve(zombie, server.port);
    expect(await feed.arrived(5, 500)).toBe(false);
    expect(seen).toHaveLength(1);
  });

  it('tells at once that the learner has another model', async () => {
    const publisher = new WeightPublisher(1);
    publish(publisher, 0);
    const { port } = await serve(publisher);
    const feed = feedOf(port, 8);
    await expect(feed.failed).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  });
});

describe('a fetch', () => {
  it('brings exactly the version asked for', async () => {
    const publisher = new WeightPublisher(2);
    const versions = [0, 1].map((version) => publish(publisher, version));
    const { feed } = follow((await serve(publisher)).port);
    expect(await feed.fetch(0, 30_000)).toEqual(versions[0]);
  });

  it('of a version that is gone names the ones that are kept', async () => {
    const publisher = new WeightPublisher(1);
    for (const version of [0, 1]) publish(publisher, version);
    const { feed } = follow((await serve(publisher)).port);
    await expect(feed.fetch(0, 30_000)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('kept are 1'),
    });
  });
});
