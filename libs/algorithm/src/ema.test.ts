import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emaStep, momentumCoefficientAt } from './ema.ts';

test('the momentum model moves by 1 - m towards the policy (Eq. 1), in float32', () => {
  const momentum = Float32Array.of(1, -2, 0);
  emaStep(momentum, Float32Array.of(2, -2, 1e-6), 0.99);
  expect([...momentum]).toEqual([Math.fround(1.01), -2, Math.fround(1e-8)]);
});

test('m = 1 freezes it, m = 0 copies the policy, equal weights stay equal to the bit', () => {
  const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1 });
  fc.assert(
    fc.property(floats, fc.double({ min: 0, max: 1, noNaN: true }), (weights, m) => {
      const policy = weights.map((w) => w / 2 + 1);
      const stepped = (start: Float32Array, target: Float32Array, coefficient: number) => {
        const momentum = start.slice();
        emaStep(momentum, target, coefficient);
        return momentum;
      };
      expect(stepped(weights, policy, 1).map((w) => w + 0)).toEqual(weights.map((w) => w + 0));
      expect(stepped(weights, policy, 0)).toEqual(policy);
      expect(stepped(weights, weights, m).map((w) => w + 0)).toEqual(weights.map((w) => w + 0));
    }),
  );
});

test('weights of different models are refused', () => {
  expect(() => emaStep(new Float32Array(2), new Float32Array(3), 0.9)).toThrow(/one model/);
});

test('a constant m stays; a cosine starts at m and approaches its end', () => {
  const options = { coefficient: 0.99, schedule: 'cosine', finalCoefficient: 0.99999 } as const;
  const at = (update: number) => momentumCoefficientAt(update, 100, options);
  expect(momentumCoefficientAt(57, 100, { ...options, schedule: 'constant' })).toBe(0.99);
  expect(at(0)).toBeCloseTo(0.99, 12);
  expect(at(50)).toBeCloseTo((0.99 + 0.99999) / 2, 12);
  expect(at(100)).toBeCloseTo(0.99999, 12);
  expect(at(200)).toBe(at(100));
});
