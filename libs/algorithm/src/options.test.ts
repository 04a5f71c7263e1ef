import { describe, expect, test } from 'vitest';
import type { MethodName } from './methods.ts';
import {
  type AlgorithmOptions,
  defaultAlgorithmOptions,
  filterKind,
  klReference,
  momentumSchedule,
  questionsPerIteration,
  rolloutCounts,
  stepsPerIteration,
} from './options.ts';

const counts = (
  groupSize: number,
  momentumRollouts: number | null = null,
  method: MethodName = 'mgrpo',
  trainedRollouts: number | null = null,
) => rolloutCounts({ method, groupSize, momentumRollouts, trainedRollouts });

describe('rollouts of a prompt', () => {
  test('by default a quarter is the momentum model’s, as in the paper', () => {
    expect(rolloutCounts(defaultAlgorithmOptions)).toEqual({
      policy: 24,
      momentum: 8,
      trained: 24,
    });
    expect(counts(4)).toEqual({ policy: 3, momentum: 1, trained: 3 });
  });

  test('the number can be given, also for group sizes that have no quarter', () => {
    expect(counts(32, 16)).toEqual({ policy: 16, momentum: 16, trained: 16 });
    expect(counts(6, 0)).toEqual({ policy: 6, momentum: 0, trained: 6 });
  });

  test('srt has no momentum rollouts', () => {
    expect(counts(32, null, 'srt')).toEqual({ policy: 32, momentum: 0, trained: 32 });
    expect(() => counts(32, 8, 'srt')).toThrow(/momentumRollouts is 8.*no momentum rollouts/);
  });

  test('ttrl trains on the first half of the policy rollouts, or on as many as it is told', () => {
    expect(counts(64, null, 'ttrl')).toEqual({ policy: 64, momentum: 0, trained: 32 });
    expect(counts(32, null, 'ttrl', 8)).toEqual({ policy: 32, momentum: 0, trained: 8 });
    expect(() => counts(9, null, 'ttrl')).toThrow(/9 is not a multiple of 2.*trainedRollouts/);
  });

  test('where others vote too, fewer may train; where nobody does, all must', () => {
    expect(counts(32, 16, 'mgrpo', 8)).toEqual({ policy: 16, momentum: 16, trained: 8 });
    expect(() => counts(32, 16, 'mgrpo', 17)).toThrow(/trainedRollouts 17 is more than the 16/);
    expect(() => counts(32, null, 'intuitor', 8)).toThrow(/trainedRollouts is 8.*all 32/);
    expect(counts(32, null, 'grpo', 32)).toEqual({ policy: 32, momentum: 0, trained: 32 });
  });

  test('co-rewarding-2 shares the group equally and can’t do without a momentum model', () => {
    expect(counts(16, null, 'co-rewarding-2')).toEqual({ policy: 8, momentum: 8, trained: 8 });
    expect(counts(16, 4, 'co-rewarding-2')).toEqual({ policy: 12, momentum: 4, trained: 12 });
    expect(() => counts(16, 0, 'co-rewarding-2')).toThrow(/momentumRollouts.*at least 1/);
  });

  test.each([
    [30, null, /groupSize 30 is not a multiple of 4.*set algorithm.momentumRollouts/],
    [8, 8, /momentumRollouts 8 leaves no policy rollouts/],
    [8, 9, /leaves no policy rollouts/],
    [8, -1, /momentumRollouts must be an integer of at least 0/],
    [8, 2.5, /momentumRollouts must be an integer/],
    [0, null, /groupSize must be an integer of at least 1/],
  ])('G = %s with N = %s is refused', (groupSize, momentumRollouts, message) => {
    expect(() => counts(groupSize, momentumRollouts)).toThrow(message);
  });
});

describe('options that are left to the method', () => {
  const withLoss = (loss: Partial<AlgorithmOptions['loss']>) => ({
    ...defaultAlgorithmOptions,
    loss: { ...defaultAlgorithmOptions.loss, ...loss },
  });

  test('mgrpo filters by the interquartile range, srt not at all, unless told', () => {
    expect(filterKind(defaultAlgorithmOptions)).toBe('iqr');
    expect(filterKind({ ...defaultAlgorithmOptions, method: 'srt' })).toBe('off');
    const filter = { ...defaultAlgorithmOptions.filter, kind: 'static' as const };
    expect(filterKind({ method: 'srt', filter })).toBe('static');
  });

  test('co-rewarding-2 holds to the momentum model, whose m rises, unless told', () => {
    const coRewarding = { ...defaultAlgorithmOptions, method: 'co-rewarding-2' as const };
    expect(klReference(coRewarding)).toBe('momentum');
    expect(momentumSchedule(coRewarding)).toMatchObject({
      schedule: 'cosine',
      coefficient: 0.99,
      finalCoefficient: 0.99999,
    });
    expect(momentumSchedule(defaultAlgorithmOptions).schedule).toBe('constant');
    const momentum = { ...coRewarding.momentum, schedule: 'constant' as const };
    expect(momentumSchedule({ ...coRewarding, momentum }).schedule).toBe('constant');
  });

  test('the KL reference is the initial policy, and none where no KL enters the loss', () => {
    expect(klReference(defaultAlgorithmOptions)).toBe('initial');
    expect(klReference(withLoss({ klReference: 'momentum' }))).toBe('momentum');
    expect(klReference(withLoss({ klCoefficient: 0 }))).toBe('none');
    expect(klReference(withLoss({ aggregation: 'eq3' }))).toBe('none');
  });
});

describe('questions of an iteration', () => {
  test('as many as prompts, and half of them where each comes with a rephrasing', () => {
    expect(questionsPerIteration(defaultAlgorithmOptions)).toBe(8);
    expect(questionsPerIteration({ method: 'co-reward', promptsPerIteration: 8 })).toBe(4);
    expect(() => questionsPerIteration({ method: 'co-reward', promptsPerIteration: 7 })).toThrow(
      /promptsPerIteration 7 is odd/,
    );
  });
});

describe('steps of an iteration', () => {
  const steps = (minibatchPrompts: number | null) =>
    stepsPerIteration({
      promptsPerIteration: 8,
      optimizer: { ...defaultAlgorithmOptions.optimizer, minibatchPrompts },
    });

  test('one, or as many as minibatches fit', () => {
    expect(steps(null)).toBe(1);
    expect(steps(2)).toBe(4);
  });

  test('a minibatch that does not divide the iteration is refused', () => {
    expect(() => steps(3)).toThrow(/does not divide algorithm.promptsPerIteration 8/);
    expect(() => steps(0)).toThrow(/at least 1/);
  });
});
