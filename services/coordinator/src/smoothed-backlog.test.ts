import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SmoothedBacklog } from './smoothed-backlog.ts';

/** One iteration of `seconds`, measured each second: jobs for the first half, then none. */
function iterate(backlog: SmoothedBacklog, jobs: number, seconds: number, fromMs: number): void {
  for (let s = 0; s < seconds; s++) {
    backlog.measure(s < seconds / 2 ? jobs : 0, fromMs + s * 1000);
  }
}

it('is the first count at once, so that workers at zero are started', () => {
  const backlog = new SmoothedBacklog();
  backlog.measure(12, 5000);
  expect(backlog.value).toBe(12);
  backlog.measure(12, 9000);
  expect(backlog.value).toBe(12);
});

it('hardly moves within an iteration where the count itself falls to zero', () => {
  const backlog = new SmoothedBacklog();
  for (let k = 0; k < 4; k++) {
    iterate(backlog, 8, 20, k * 20_000);
    backlog.next();
  }
  const seen: number[] = [];
  for (let s = 0; s < 20; s++) {
    backlog.measure(s < 10 ? 8 : 0, 80_000 + s * 1000);
    seen.push(backlog.value);
  }
  expect(Math.min(...seen)).toBeGreaterThan(3.5);
  expect(Math.max(...seen)).toBeLessThan(5.5);
});

it('forgets an iteration after two more', () => {
  const backlog = new SmoothedBacklog();
  iterate(backlog, 1000, 20, 0);
  for (let k = 1; k < 4; k++) {
    backlog.next();
    iterate(backlog, 0, 20, k * 20_000);
  }
  expect(backlog.value).toBe(0);
});

it('lies between the least and the greatest count, at any pace', () => {
  const counts = fc.array(
    fc.record({ jobs: fc.nat(1000), pauseMs: fc.nat(5000), isNext: fc.boolean() }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(counts, (measurements) => {
      const backlog = new SmoothedBacklog();
      let atMs = 0;
      for (const { jobs, pauseMs, isNext } of measurements) {
        atMs += pauseMs;
        backlog.measure(jobs, atMs);
        if (isNext) backlog.next();
      }
      const jobs = measurements.map((measurement) => measurement.jobs);
      expect(backlog.value).toBeGreaterThanOrEqual(Math.min(...jobs) - 1e-9);
      expect(backlog.value).toBeLessThanOrEqual(Math.max(...jobs) + 1e-9);
    }),
  );
});

it('is zero as soon as there is nothing, once the past is forgotten', () => {
  const backlog = new SmoothedBacklog();
  iterate(backlog, 8, 20, 0);
  backlog.reset();
  backlog.measure(0, 30_000);
  expect(backlog.value).toBe(0);
});
