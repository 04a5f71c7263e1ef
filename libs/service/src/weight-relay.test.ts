import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  contracts,
  openSecurity,
  RpcServer,
  type WeightTransfer,
  type WeightVersion,
  wireRole,
} from '@mgrpo/rpc';
import { createLogger, openTracer, WorkScope } from '@mgrpo/telemetry';
import { startCollector } from '@mgrpo/telemetry/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openProxy, type TcpProxy } from './proxy.testing.ts';
import { type SwitchReason, WeightFeed } from './weight-feed.ts';
import { WeightPublisher } from './weight-publisher.ts';
import { weightRpc } from './weight-rpc.ts';

const numBytes = 4 * 1024 * 1024 + 4;

const log = createLogger({ service: 'test', level: 'silent' });
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function weights(version: number, learnerEpoch = 1): WeightVersion {
  const bytes = randomBytes(numBytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { role: 'policy', version, learnerEpoch, runId: 'r', sha256, bytes };
}

/** Publishes for the policy; the momentum model is the same here. */
function publish(publisher: WeightPublisher, policy: WeightVersion): WeightVersion {
  publisher.publish({ policy, momentum: { ...policy, role: 'momentum' } });
  return policy;
}

async function serve(publisher: WeightPublisher): Promise<number> {
  const definition = contracts.WeightService.service;
  const implementation = weightRpc(publisher, { configHash: '', fingerprint: 'machine' });
  const server = await RpcServer.start({
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    services: [{ definition, implementation }],
  });
  closers.push(async () => {
    publisher.close();
    await server.close(50);
  });
  return server.port;
}

async function proxied(port: number): Promise<TcpProxy> {
  const proxy = await openProxy(port);
  closers.push(() => proxy.close());
  return proxy;
}

async function learnerOf(...versions: WeightVersion[]) {
  const publisher = new WeightPublisher(2);
  for (const version of versions) publish(publisher, version);
  const proxy = await proxied(await serve(publisher));
  return { publisher, proxy };
}

interface Child {
  feed: WeightFeed;
  seen: WeightVersion[];
  switches: SwitchReason[];
  /** Bytes of the version under way, or of the last one. */
  received(): number;
}

interface ChildOptions {
  relay?: WeightPublisher;
  fingerprint?: string;
  staleMs?: number;
}

function childOf(
  ports: readonly number[],
  { relay, fingerprint = 'machine', staleMs = 20_000 }: ChildOptions = {},
): Child {
  const seen: WeightVersion[] = [];
  const switches: SwitchReason[] = [];
  let transfer: WeightTransfer | undefined;
  const isRelay = relay !== undefined;
  const feed = new WeightFeed({
    addresses: ports.map((port) => `127.0.0.1:${port}`),
    security: openSecurity,
    subscriber: { role: 'policy', name: 'test', fingerprint, configHash: '', isRelay },
    runId: 'r',
    expectedBytes: numBytes,
    reconnectDelayMs: 20,
    staleMs,
    returnMs: 200,
    log,
    onVersion: async (version) => {
      seen.push(version);
    },
    onProgress: (each) => {
      transfer = each;
      relay?.offer(each);
    },
    onSwitch: (reason) => switches.push(reason),
  });
  closers.push(() => feed.close());
  return { feed, seen, switches, received: () => transfer?.received ?? 0 };
}

/** A relay as the service has it: what its feed receives, its publisher offers. */
async function relayOf(parents: readonly number[], staleMs?: number) {
  const publisher = new WeightPublisher(3);
  const { feed, switches } = childOf(parents, {
    relay: publisher,
    fingerprint: 'another machine',
    ...(staleMs === undefined ? {} : { staleMs }),
  });
  return { publisher, feed, switches, port: await serve(publisher) };
}

/** Compares bytes as bytes: an assertion on megabytes takes seconds. */
function expectSame(seen: readonly WeightVersion[], sent: readonly WeightVersion[]): void {
  const header = ({ bytes: _bytes, ...rest }: WeightVersion) => rest;
  expect(seen.map(header)).toEqual(sent.map(header));
  expect(seen.every(({ bytes }, i) => bytes.equals(sent[i]!.bytes))).toBe(true);
}

describe('through a relay', () => {
  it.each([2, 8])(
    '%i subscribers get the same bytes, and the learner sends them once',
    async (n) => {
      const sent = weights(0);
      const learner = await learnerOf(sent);
      const relay = await relayOf([learner.proxy.port]);
      const children = Array.from({ length: n }, () => childOf([relay.port, learner.proxy.port]));
      for (const { feed } of children) expect(await feed.arrived(0, 10_000)).toBe(true);
      const next = publish(learner.publisher, weights(1));
      for (const { feed } of children) expect(await feed.arrived(1, 10_000)).toBe(true);
      for (const { seen } of children) expectSame(seen, [sent, next]);
      const perVersion = learner.proxy.bytesOut() / 2;
      expect(perVersion).toBeGreaterThan(numBytes);
      expect(perVersion).toBeLessThan(numBytes * 1.02);
    },
  );

  it('a byte goes on before the version is whole, and the version is none before that', async () => {
    const policy = weights(0);
    const half = {
      ...{ weights: policy, received: numBytes / 2, traceparent: null },
      state: 'arriving' as const,
    };
    const learner = await learnerOf();
    learner.publisher.offer(half);
    const relay = await relayOf([learner.proxy.port]);
    const leaf = await relayOf([relay.port, learner.proxy.port]);
    const child = childOf([leaf.port, learner.proxy.port]);
    await vi.waitFor(() => expect(child.received()).toBe(numBytes / 2), 10_000);
    expect([relay.publisher.newest('policy'), child.seen]).toEqual([undefined, []]);
    learner.publisher.offer(Object.assign(half, { received: numBytes, state: 'whole' }));
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    expectSame([...child.seen, relay.publisher.newest('policy')!], [policy, policy]);
  });

  it('a transfer is traced as part of the one that it comes from, back to what published the version', async () => {
    const collector = await startCollector();
    const scope = new WorkScope();
    const tracers = await Promise.all(
      ['learner', 'relay-1', 'relay-2'].map((service) =>
        openTracer({
          ...{ endpoint: collector.endpoint, sampleRatio: 1, service, instance: 'here:1' },
          ...{ scope, log, onDropped: () => {} },
        }),
      ),
    );
    const [learner, first, second] = tracers.map((tracer) => new WeightPublisher(2, { tracer }));
    childOf([await serve(learner!)], { relay: first! });
    childOf([await serve(first!)], { relay: second! });
    const child = childOf([await serve(second!)]);
    const published = tracers[0]!.newTrace()!;
    const policy = weights(0);
    learner!.publish({ policy, momentum: { ...policy, role: 'momentum' } }, published);
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    for (const tracer of tracers) await tracer.close(2000);
    await collector.close();
    const spans = collector.spans.toSorted((a, b) => (a.service < b.service ? -1 : 1));
    const [, traceId, rootId] = published.split('-');
    expect(spans.map(({ service, name }) => `${service} ${name}`)).toEqual([
      'learner send weights',
      'relay-1 send weights',
      'relay-2 send weights',
    ]);
    const ids = spans.map(({ spanId }) => spanId);
    expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([rootId, ...ids.slice(0, 2)]);
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  });

  it('a worker of another machine is refused, as by the learner; the relay may be one', async () => {
    const learner = await learnerOf(weights(0));
    const relay = await relayOf([learner.proxy.port]);
    expect(await relay.feed.arrived(0, 10_000)).toBe(true);
    const stranger = childOf([relay.port], { fingerprint: 'another machine' });
    await expect(stranger.feed.failed).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  });

  it('the weights of a learner that took over come again, those of one displaced do not', async () => {
    const sent = weights(0);
    const learner = await learnerOf(sent);
    const relay = await relayOf([learner.proxy.port]);
    const child = childOf([relay.port]);
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    publish(learner.publisher, { ...sent, learnerEpoch: 2 });
    await vi.waitFor(() => expect(child.seen).toHaveLength(2), 10_000);
    publish(learner.publisher, weights(1, 1));
    const last = publish(learner.publisher, weights(2, 2));
    expect(await child.feed.arrived(2, 10_000)).toBe(true);
    expect(child.seen.map(({ version, learnerEpoch }) => [version, learnerEpoch])).toEqual([
      [0, 1],
      [0, 2],
      [2, 2],
    ]);
    expectSame(child.seen.slice(-1), [last]);
  });
});

describe('a relay that fails', () => {
  const staleMs = 700;

  it('in mid-stream: the rest comes from the learner, from the byte on where it broke', async () => {
    const learner = await learnerOf();
    const relay = await relayOf([learner.proxy.port]);
    const toRelay = await proxied(relay.port);
    const child = childOf([toRelay.port, learner.proxy.port], { staleMs });
    toRelay.cut(numBytes / 2);
    const sent = publish(learner.publisher, weights(0));
    expect(await relay.feed.arrived(0, 10_000)).toBe(true);
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    expectSame(child.seen, [sent]);
    expect(child.switches).toEqual(['away']);
    // Once for the relay, and what was missing for the child.
    expect(learner.proxy.bytesOut()).toBeLessThan(numBytes * 1.75);
  });

  it('by hanging: the learner takes over once a job asks, and the relay again when it is back', async () => {
    const learner = await learnerOf(weights(0));
    const relay = await relayOf([learner.proxy.port]);
    const toRelay = await proxied(relay.port);
    const child = childOf([toRelay.port, learner.proxy.port], { staleMs });
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    toRelay.freeze();
    publish(learner.publisher, weights(1));
    await sleep(2 * staleMs);
    expect([child.switches, child.feed.newest]).toEqual([[], 0]);
    expect(await child.feed.arrived(1, 10_000)).toBe(true);
    expect(child.switches).toEqual(['stale']);
    toRelay.thaw();
    await vi.waitFor(() => expect(child.switches).toEqual(['stale', 'returned']), 10_000);
    expect(child.feed.address).toBe(`127.0.0.1:${toRelay.port}`);
    const last = publish(learner.publisher, weights(2));
    expect(await child.feed.arrived(2, 10_000)).toBe(true);
    expectSame(child.seen.slice(-1), [last]);
    expect(child.seen.map(({ version }) => version)).toEqual([0, 1, 2]);
  });

  it('by changing a byte: what it sends is refused, by workers and by relays below it', async () => {
    const sent = weights(0);
    const learner = await learnerOf(sent);
    const bytes = Buffer.from(sent.bytes);
    bytes[numBytes - 5000]! ^= 1;
    const bad = await learnerOf({ ...sent, bytes });
    const relay = await relayOf([bad.proxy.port, learner.proxy.port]);
    const child = childOf([bad.proxy.port, learner.proxy.port]);
    const grandchild = childOf([relay.port, learner.proxy.port]);
    for (const { feed } of [child, relay, grandchild]) {
      expect(await feed.arrived(0, 10_000)).toBe(true);
    }
    const newest = relay.publisher.newest('policy')!;
    expectSame([...child.seen, ...grandchild.seen, newest], [sent, sent, sent]);
    expect([child.switches[0], relay.switches[0]]).toEqual(['corrupt', 'corrupt']);
    expectSame([await child.feed.fetch(0, 10_000)], [sent]);
  });

  it('by serving another run: it is passed by', async () => {
    const sent = weights(0);
    const learner = await learnerOf(sent);
    const foreign = await learnerOf({ ...weights(5), runId: 'another' });
    const child = childOf([foreign.proxy.port, learner.proxy.port]);
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    expectSame(child.seen, [sent]);
    expect(child.switches).toEqual(['refused']);
  });

  it('by hanging above another: the relay of the second level leaves it', async () => {
    const learner = await learnerOf(weights(0));
    const root = await relayOf([learner.proxy.port]);
    const toRoot = await proxied(root.port);
    const leaf = await relayOf([toRoot.port, learner.proxy.port], staleMs);
    const child = childOf([leaf.port, learner.proxy.port]);
    expect(await child.feed.arrived(0, 10_000)).toBe(true);
    toRoot.freeze();
    publish(learner.publisher, weights(1));
    leaf.feed.want(1);
    expect(await leaf.feed.arrived(1, 10_000)).toBe(true);
    expect(await child.feed.arrived(1, 10_000)).toBe(true);
    expect(leaf.switches[0]).toBe('stale');
  });
});

it('a subscriber that does not read holds up nobody, and is told to ask again', async () => {
  const learner = await learnerOf();
  const relay = await relayOf([learner.proxy.port]);
  const toRelay = await proxied(relay.port);
  const client = connect(contracts.WeightService, `127.0.0.1:${toRelay.port}`, openSecurity);
  closers.push(() => client.close());
  const stuck = client.subscribe({ role: wireRole.policy, fingerprint: 'machine' });
  const ended = new Promise<{ code?: number }>((resolve) => stuck.on('error', resolve));
  const first = publish(learner.publisher, weights(0));
  await new Promise((resolve) => stuck.once('data', resolve));
  toRelay.freeze();
  const child = childOf([relay.port]);
  // Enough that what lies on the way, in the buffers of sockets, is not all of it.
  for (let version = 1; version < 12; version++) {
    publish(learner.publisher, { ...first, version });
    expect(await child.feed.arrived(version, 10_000)).toBe(true);
  }
  toRelay.thaw();
  stuck.resume();
  // gRPC's UNAVAILABLE.
  expect((await ended).code).toBe(14);
});
