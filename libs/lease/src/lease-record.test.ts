import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LeaseRecord, leaseStep, observe } from './lease-record.ts';

const record = (resourceVersion: string, holder: string): LeaseRecord => ({
  resourceVersion,
  holder,
  durationSeconds: 15,
  transitions: 3,
  acquired: '2026-01-01T00:00:00.000000Z',
});

test('a Lease is taken only when it was released or did not change for its duration', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000 }), (silenceMs) => {
      const first = observe(null, record('1', 'a'), 1000);
      const seen = observe(first, record('1', 'a'), 1000 + silenceMs);
      const step = leaseStep(seen, 'b', 1000 + silenceMs);
      expect(step).toBe(silenceMs > 15_000 ? 'take' : 'wait');
    }),
  );
});

test('a renewal begins the count anew; the holder renews whatever the clock says', () => {
  const first = observe(null, record('1', 'a'), 0);
  const renewed = observe(first, record('2', 'a'), 14_000);
  expect(leaseStep(renewed, 'b', 20_000)).toBe('wait');
  expect(leaseStep(renewed, 'a', 200_000)).toBe('renew');
  expect(leaseStep(observe(null, record('1', ''), 0), 'b', 0)).toBe('take');
});
