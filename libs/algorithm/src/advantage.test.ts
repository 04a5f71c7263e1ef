import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AdvantageOptions, groupAdvantages } from './advantage.ts';

type ExactField = `adv_ddof${0 | 1}_eps_${'1e-4' | '1e-6' | '0'}`;
type AdvantageCase = Record<ExactField, number[]> & {
  name: string;
  rewards: number[];
  rloo: (number | null)[];
  verl: number[];
};

// Made by test/fixtures' make_fixtures.py from exact rationals.
const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/advantages.json', import.meta.url), 'utf8'),
) as { cases: AdvantageCase[] };

type Options = Omit<AdvantageOptions, 'baseline'>;
const defaults: Options = { estimator: 'group', deviation: 'bessel', epsilon: 1e-6 };
const advantages = (rewards: number[], options: Partial<Options> = {}) =>
  groupAdvantages(rewards, rewards, { ...defaults, ...options });

/** Within 1e-12 relative, or absolute below 1. */
function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance = 1e-12,
): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    const scale = Math.max(1, Math.abs(expected[i]!));
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance * scale);
  });
}

describe.each(cases)('as exact arithmetic has it: $name', (example) => {
  test.each([
    ['bessel', '1e-6'],
    ['bessel', '1e-4'],
    ['bessel', '0'],
    ['population', '1e-6'],
    ['population', '1e-4'],
    ['population', '0'],
  ] as const)('%s, epsilon %s', (deviation, epsilon) => {
    const ddof = deviation === 'bessel' ? 1 : 0;
    const expected = example[`adv_ddof${ddof}_eps_${epsilon}`];
    expectClose(advantages(example.rewards, { deviation, epsilon: Number(epsilon) }), expected);
  });

  test('leave-one-out', () => {
    const expected = example.rloo.map((value) => value ?? 0);
    expectClose(advantages(example.rewards, { estimator: 'rloo' }), expected);
  });
});

test("the default is VeRL's float32 formula wherever rewards differ by more than its rounding", () => {
  for (const { name, rewards, verl } of cases) {
    if (new Set(rewards).size > 1 && name !== 'near-tie') {
      expectClose(advantages(rewards), verl, 1e-5);
    }
  }
});

test('equal rewards give exact zeros, also where their mean is rounded', () => {
  expect(advantages(new Array<number>(12).fill(0.1))).toEqual(new Array<number>(12).fill(0));
});

test('a group of one gets zero, not its raw reward as in VeRL', () => {
  expect(advantages([1])).toEqual([0]);
  expect(advantages([1], { estimator: 'rloo' })).toEqual([0]);
  expect(advantages([])).toEqual([]);
});

test('a wider baseline gives a lone rollout an advantage', () => {
  const [advantage] = groupAdvantages([1], [1, 0, 0, 1], { ...defaults, epsilon: 0 });
  expect(advantage).toBeCloseTo(0.5 / Math.sqrt(1 / 3), 12);
});

test('advantages sum to zero, rank as the rewards do, and do not see a shift of all rewards', () => {
  const rewards = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 2, maxLength: 64 });
  fc.assert(
    fc.property(rewards, fc.constantFrom('group', 'rloo'), (values, estimator) => {
      const result = advantages(values, { estimator });
      expect(Math.abs(result.reduce((sum, a) => sum + a, 0))).toBeLessThan(1e-9);
      const shifted = advantages(
        values.map((r) => r + 3),
        { estimator },
      );
      expectClose(shifted, result, 1e-9);
      values.forEach((reward, i) => {
        values.forEach((other, j) => {
          if (reward > other) expect(result[i]!).toBeGreaterThan(result[j]!);
        });
      });
    }),
  );
});
