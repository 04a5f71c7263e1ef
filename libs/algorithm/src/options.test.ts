import { describe, expect, test } from 'vitest';
import {
  type AlgorithmOptions,
  defaultAlgorithmOptions,
  filterKind,
  klReference,
  rolloutCounts,
  stepsPerIteration,
} from './options.ts';

const counts = (
  groupSize: number,
  momentumRollouts: number | null = null,
  method: 'mgrpo' | 'srt' = 'mgrpo',
) => rolloutCounts({ method, groupSize, momentumRollouts });

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
    expect(() => counts(32, 8, 'srt')).toThrow(/method srt has no momentum model/);
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

  test('the KL reference is the initial policy, and none where no KL enters the loss', () => {
    expect(klReference(defaultAlgorithmOptions)).toBe('initial');
    expect(klReference(withLoss({ klReference: 'momentum' }))).toBe('momentum');
    expect(klReference(withLoss({ klCoefficient: 0 }))).toBe('none');
    expect(klReference(withLoss({ aggregation: 'eq3' }))).toBe('none');
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
