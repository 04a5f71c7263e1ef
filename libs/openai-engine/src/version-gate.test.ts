import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VersionGate } from './version-gate.ts';

test('whatever the order, a request runs with its version and the limit holds', async () => {
  const requests = fc.array(
    fc.record({ version: fc.nat(2), startMs: fc.nat(6), takesMs: fc.nat(4) }),
    { maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(requests, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
      let served = -1;
      let running = 0;
      const gate = new VersionGate(limit, async (version) => {
        expect(running).toBe(0);
        await sleep(1);
        served = version;
      });
      await Promise.all(
        all.map(async ({ version, startMs, takesMs }) => {
          await sleep(startMs);
          await gate.run(version, async () => {
            running++;
            expect(running).toBeLessThanOrEqual(limit);
            expect(served).toBe(version);
            await sleep(takesMs);
            expect(served).toBe(version);
            running--;
          });
        }),
      );
      expect(gate.load).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('a switch lets all go that wait for its version', async () => {
  const switches: number[] = [];
  const gate = new VersionGate(1, async (version) => {
    switches.push(version);
  });
  const versions = [1, 2, 1, 2, 1, 2];
  await Promise.all(versions.map((version) => gate.run(version, () => sleep(1))));
  expect(switches).toEqual([1, 2]);
});

test('a switch that fails fails those who wait for it, and no others', async () => {
  const gate = new VersionGate(4, async (version) => {
    if (version === 2) throw new Error('no such weights');
  });
  const outcomes = await Promise.allSettled(
    [1, 2, 2, 1].map((version) => gate.run(version, async () => version)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
});

test('after distrust the next request switches again', async () => {
  let switches = 0;
  const gate = new VersionGate(4, async () => {
    switches++;
  });
  await gate.run(1, async () => {});
  await gate.run(1, async () => {});
  expect([switches, gate.serving]).toEqual([1, 1]);
  gate.distrust();
  expect(gate.serving).toBeNull();
  await gate.run(1, async () => {});
  expect(switches).toBe(2);
});

test('a request that is cancelled before its turn is not switched for, and lets those behind it go', async () => {
  const switches: number[] = [];
  const gate = new VersionGate(2, async (version) => {
    switches.push(version);
  });
  const release = Promise.withResolvers<void>();
  const first = gate.run(1, () => release.promise);
  const abort = new AbortController();
  const cancelled = gate.run(2, async () => {}, abort.signal);
  const behind = gate.run(1, async () => 'behind');
  abort.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await behind).toBe('behind');
  await expect(gate.run(3, async () => {}, abort.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  release.resolve();
  await first;
  expect([switches, gate.load]).toEqual([[1], 0]);
});
