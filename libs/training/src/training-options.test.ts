import { defaultAlgorithmOptions } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { gradientOptions, iterationSchedule, trainingOptions } from './training-options.ts';

const limits = { microbatchTokens: 64, recompute: 'none' } as const;
const { loss, optimizer, momentum } = defaultAlgorithmOptions;

test('the defaults train with the clipped surrogate and KL to the initial policy', () => {
  const options = trainingOptions(defaultAlgorithmOptions, 1.1, {
    microbatchTokens: 2048,
    recompute: 'none',
  });
  expect(options.loss).toMatchObject({ kind: 'policy', klReference: 'initial' });
  expect(gradientOptions(options)).toEqual({
    adapter: null,
    compute: 'float32',
    loss: { kind: 'clipped', clipRatio: 0.2, klCoefficient: 0.005, maxKlEstimate: 10 },
    aggregation: 'token-mean',
    layout: 'padded',
    temperature: 1.1,
    microbatchTokens: 2048,
    recompute: 'none',
  });
});

test('pretraining fills its microbatches, as it did when the base models were made', () => {
  const options = trainingOptions(defaultAlgorithmOptions, 1, limits);
  expect(gradientOptions({ ...options, loss: { kind: 'supervised' } })).toMatchObject({
    loss: { kind: 'log-likelihood' },
    layout: 'filled',
  });
});

test('Eq. 3 has neither ratio nor KL, and no KL means no reference', () => {
  const eq3 = { ...defaultAlgorithmOptions, loss: { ...loss, aggregation: 'eq3' as const } };
  expect(gradientOptions(trainingOptions(eq3, 1, limits))).toMatchObject({
    loss: { kind: 'log-likelihood' },
    aggregation: 'eq3',
  });
  const free = { ...defaultAlgorithmOptions, loss: { ...loss, klCoefficient: 0 } };
  expect(trainingOptions(free, 1, limits).loss).toMatchObject({ klReference: 'none' });
});

test('schedules count steps within iterations', () => {
  const algorithm = {
    method: 'mgrpo' as const,
    promptsPerIteration: 8,
    optimizer: { ...optimizer, learningRate: 1, warmupRatio: 0.5, minibatchPrompts: 4 },
    momentum,
  };
  // 4 iterations of 2 steps: warm-up over the first 4 steps, then cosine.
  expect(iterationSchedule(0, 4, algorithm).learningRates).toEqual([0.25, 0.5]);
  expect(iterationSchedule(1, 4, algorithm).learningRates).toEqual([0.75, 1]);
  expect(iterationSchedule(2, 4, algorithm).learningRates[1]).toBeCloseTo(0.854, 3);
  expect(iterationSchedule(2, 4, algorithm).momentumCoefficients).toEqual([0.99]);
  const perStep = { ...algorithm, momentum: { ...momentum, every: 'step' as const } };
  expect(iterationSchedule(2, 4, perStep).momentumCoefficients).toEqual([0.99, 0.99]);
});

test('the method says how m moves where the options do not', () => {
  const coRewarding = { ...defaultAlgorithmOptions, method: 'co-rewarding-2' as const };
  const at = (iteration: number) =>
    iterationSchedule(iteration, 100, coRewarding).momentumCoefficients[0]!;
  // 1 - m falls from 0.01 to 1e-5 on a cosine: half-way it is their mean.
  expect(1 - at(0)).toBeCloseTo(0.01, 12);
  expect(1 - at(50)).toBeCloseTo(0.005005, 12);
  expect(1 - at(100)).toBeCloseTo(1e-5, 12);
});
