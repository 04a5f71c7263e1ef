import { expect, it } from 'vitest';
import type { Fault } from './fault.ts';
import { schedule } from './schedule.ts';

const faults: Fault[] = Array.from({ length: 11 }, (_, i) => ({
  name: `fault-${i}`,
  kind: 'process',
  strike: async () => {},
}));
const options = { seed: 5, faults, numRuns: 3, iterations: 40 };

it('deals every fault to one run, in order of time, early enough to be survived', () => {
  const plans = schedule(options);
  const names = plans.flatMap(({ strikes }) => strikes.map(({ fault }) => fault.name));
  expect(names.toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
  expect(plans.map(({ lag }) => lag)).toEqual([0, 1, 0]);
  for (const { strikes } of plans) {
    const moments = strikes.map(({ after }) => after);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    expect(Math.max(...moments)).toBeLessThanOrEqual(30);
  }
});

it('is a function of its seed', () => {
  expect(schedule(options)).toEqual(schedule(options));
  expect(schedule({ ...options, seed: 6 })).not.toEqual(schedule(options));
});
