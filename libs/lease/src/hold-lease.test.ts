import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from './api-server.fixture.ts';
import { type HeldLease, holdLease } from './hold-lease.ts';
import { KubernetesLeases } from './kubernetes-leases.ts';

let folder: string;
let api: ApiServer;
let held: HeldLease[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mgrpo-lease-'));
  api = await ApiServer.start(folder);
  held = [];
});

afterEach(async () => {
  for (const lease of held) await lease.release();
  api.close();
  rmSync(folder, { recursive: true });
});

function store(deadlineMs = 10_000) {
  const { apiServer, account } = api;
  return new KubernetesLeases({ apiServer, account, deadlineMs });
}

interface HoldOptions {
  signal?: AbortSignal;
  onWait?: (reason: string) => void;
  deadlineMs?: number;
  durationSeconds?: number;
}

async function hold(identity: string, options: HoldOptions = {}) {
  const { signal = new AbortController().signal, onWait = () => {}, deadlineMs } = options;
  const lease = await holdLease({
    store: store(deadlineMs),
    name: 'run-learner',
    identity,
    durationSeconds: options.durationSeconds ?? 1,
    signal,
    onWait,
  });
  held.push(lease);
  return lease;
}

const specOf = () => api.leases.get('run-learner')?.spec;

test('the second waits, says for whom, and takes the Lease at once when the first releases it', async () => {
  const durationSeconds = 3;
  const first = await hold('a', { durationSeconds });
  expect(specOf()).toMatchObject({
    holderIdentity: 'a',
    leaseDurationSeconds: 3,
    leaseTransitions: 0,
    renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  });
  const reasons: string[] = [];
  let hasSecond = false;
  const onWait = (reason: string) => reasons.push(reason);
  const second = hold('b', { onWait, durationSeconds }).then((lease) => {
    hasSecond = true;
    return lease;
  });
  // Longer than the duration: a Lease that is renewed is not free.
  await sleep(3500);
  expect(hasSecond).toBe(false);
  expect(reasons).toEqual(['the Lease run-learner is held by a']);
  await first.release();
  await second;
  expect(specOf()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
});

test('a holder that is silent loses the Lease by the clock, and learns of it', async () => {
  const first = await hold('a', { deadlineMs: 200 });
  const waits = Promise.withResolvers<string>();
  const second = hold('b', { deadlineMs: 200, onWait: waits.resolve });
  await waits.promise;
  api.mode = 'silent';
  await expect(first.lost).rejects.toThrow(
    /^the Lease run-learner could not be renewed for 0.7 s: the API server at 127.0.0.1:\d+: nothing within 200 ms$/,
  );
  // The first gave up before another could take it.
  expect(specOf()?.holderIdentity).toBe('a');
  api.mode = 'well';
  await second;
  expect(specOf()?.holderIdentity).toBe('b');
});

test('a holder gives up before another may take the Lease, however slowly the API server fails', async () => {
  const first = await hold('a', { deadlineMs: 1350, durationSeconds: 3 });
  const heldAtMs = performance.now();
  api.mode = 'silent';
  await expect(first.lost).rejects.toThrow('could not be renewed for 2.0 s');
  expect(performance.now() - heldAtMs).toBeLessThan(3000);
});

test('a holder that woke up late finds the other one', async () => {
  const first = await hold('a');
  api.steal('run-learner', 'b');
  await expect(first.lost).rejects.toThrow('the Lease run-learner is held by b now');
  await first.release();
  expect(specOf()?.holderIdentity).toBe('b');
});

test('a short failure of the API server costs nothing', async () => {
  const first = await hold('a', { durationSeconds: 3 });
  let isLost = false;
  first.lost.catch(() => {
    isLost = true;
  });
  api.mode = 503;
  await expect.poll(() => api.statuses).toContain(503);
  api.mode = 'well';
  await sleep(2500);
  expect(isLost).toBe(false);
  expect(specOf()?.holderIdentity).toBe('a');
});

test('who has no right is told what to give it, and a token that was renewed is used', async () => {
  writeFileSync(join(api.account, 'token'), 'expired');
  await expect(hold('a')).rejects.toThrow(
    'the Lease run-learner is refused by the API server (401): give the service account a Role with get, create and update of leases',
  );
  writeFileSync(join(api.account, 'token'), 'a-token');
  await hold('a');
  expect(specOf()?.holderIdentity).toBe('a');
});

test('waiting ends with the signal, and goes on while the API server is away', async () => {
  api.mode = 503;
  const reasons: string[] = [];
  const stop = new AbortController();
  const waiting = hold('a', { signal: stop.signal, onWait: (reason) => reasons.push(reason) });
  const isOver = expect(waiting).rejects.toThrow('stopped waiting for the Lease run-learner');
  await expect.poll(() => api.statuses.length).toBeGreaterThan(1);
  stop.abort();
  await isOver;
  expect(reasons).toEqual(['the API server answers 503']);
});

test('outside of a cluster the key is refused with its name', () => {
  const access = { apiServer: 'kubernetes.default.svc:443', account: folder, deadlineMs: 1000 };
  expect(() => new KubernetesLeases(access)).toThrow(
    /^deployment\.lease\.account: there is no namespace in/,
  );
});
