import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupFence, iqrFence, isBelowFence, staticFence } from './filter.ts';
import type { GroupMember, Role } from './group.ts';
import { defaultAlgorithmOptions } from './options.ts';
import { quantile } from './quantile.ts';

interface QuartileCase {
  name: string;
  values: number[];
  q1: number;
  q3: number;
  k: number;
  threshold: number;
  keep: boolean[];
}

// Made by test/fixtures' make_fixtures.py with numpy.percentile.
const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/quartiles.json', import.meta.url), 'utf8'),
) as { cases: QuartileCase[] };

const member = (role: Role, index: number, entropy: number): GroupMember => ({
  role,
  index,
  entropy,
  answer: null,
  selfCertainty: null,
  numTokens: 1,
});
const iqr = { ...defaultAlgorithmOptions.filter, kind: 'iqr' as const };
const entropies = fc.array(fc.double({ min: 0.001, max: 10, noNaN: true }), {
  minLength: 1,
  maxLength: 64,
});

describe.each(cases)('as numpy has it: $name', ({ values, q1, q3, k, threshold, keep }) => {
  test('quartiles and fence agree to the bit', () => {
    expect(iqrFence(values, k)).toEqual({ kind: 'iqr', q1, q3, lower: threshold });
  });

  test('the same rollouts are kept', () => {
    const members = values.map((value, index) => member('policy', index, value));
    const fence = groupFence(members, { ...iqr, k });
    expect(members.map((m) => !isBelowFence(m, fence))).toEqual(keep);
  });
});

test('there is no quantile of nothing', () => {
  expect(() => quantile(new Float64Array(), 0.5)).toThrow(/at least one/);
});

test('the fence does not depend on the order of the rollouts', () => {
  fc.assert(
    fc.property(entropies, (values) => {
      expect(iqrFence(values.toReversed(), 0.75)).toEqual(iqrFence(values, 0.75));
      expect(staticFence(values.toReversed(), 0.1)).toEqual(staticFence(values, 0.1));
    }),
  );
});

test('the fence scales with the entropies: exactly by powers of two', () => {
  fc.assert(
    fc.property(entropies, fc.integer({ min: -8, max: 8 }), (values, power) => {
      const { lower } = iqrFence(values, 0.75);
      const scaled = iqrFence(
        values.map((value) => value * 2 ** power),
        0.75,
      );
      expect(scaled.lower).toBe(lower * 2 ** power);
    }),
  );
});

test('at most a quarter of the rollouts, rounded up, can be dropped: the fence is not above Q1', () => {
  fc.assert(
    fc.property(entropies, (values) => {
      const { lower } = iqrFence(values, 0.75);
      const numDropped = values.filter((value) => value < lower).length;
      expect(numDropped).toBeLessThanOrEqual(Math.ceil((values.length - 1) / 4));
    }),
  );
});

test('the static filter drops the bottom share, rounded down, and never splits ties', () => {
  const values = Array.from({ length: 32 }, (_, i) => i);
  expect(staticFence(values, 0.1).lower).toBe(3);
  expect(staticFence([1, 1, 1, 1, 2, 3, 4, 5, 6, 7], 0.2).lower).toBe(1);
  expect(staticFence(values, 0).lower).toBe(0);
  expect(staticFence(values, 1).lower).toBe(31);
});

test('a pooled fence drops the role with lower entropy, fences per role judge each by itself', () => {
  const members = [0.1, 0.11, 0.12, 0.13].map((e, i) => member('policy', i, e));
  members.push(
    ...[2, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8, 2.9, 3, 3.1].map((e, i) =>
      member('momentum', i, e),
    ),
  );
  const numDropped = (fence: 'pooled' | 'per-role') => {
    const group = groupFence(members, { ...iqr, fence });
    return members.filter((m) => isBelowFence(m, group)).length;
  };
  expect(numDropped('pooled')).toBe(4);
  expect(numDropped('per-role')).toBe(0);
});

test('a role without rollouts has no fence of its own', () => {
  const fence = groupFence([member('policy', 0, 1)], { ...iqr, fence: 'per-role' });
  expect(fence).toMatchObject({ kind: 'per-role', fences: { momentum: null } });
});

test('off keeps everything', () => {
  const members = [member('policy', 0, 0), member('policy', 1, 9)];
  const fence = groupFence(members, { ...iqr, kind: 'off' });
  expect(members.some((m) => isBelowFence(m, fence))).toBe(false);
});
