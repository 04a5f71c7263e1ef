import { expect, test } from 'vitest';
import { runScalars } from './run-scalars.ts';

const iteration = (number: number, rest: object) => ({
  kind: 'iteration' as const,
  iteration: number,
  seconds: { total: 2 },
  ...rest,
});
const valuesOf = (record: object) =>
  Object.fromEntries(runScalars([iteration(0, record)], 0).rows[0]!.values);

test('numbers are named by group and path, what is no number is left out', () => {
  const values = valuesOf({
    reward: 0.5,
    disagreement: null,
    hasSignal: true,
    entropy: { policy: 1.5, momentum: null },
    step: { loss: -0.25, gradientNorm: 2 },
    learningRates: [1, 0.5],
    momentumCoefficients: [],
    policySha256: 'ab',
    collapse: { kind: 'suspected', since: 3, reasons: [] },
  });
  expect(values).toEqual({
    'train/reward': 0.5,
    'train/has_signal': 1,
    'train/entropy/policy': 1.5,
    'train/collapse_suspected': 1,
    'learner/loss': -0.25,
    'learner/gradient_norm': 2,
    'learner/learning_rate': 0.5,
    'seconds/total': 2,
  });
});

test('an evaluation stands before the iteration of its step, greedy and sampled apart', () => {
  const passes = [
    { temperature: 0, accuracy: 0.5, responseTokens: 3 },
    { temperature: 0.8, accuracy: 0.25 },
  ];
  const records = [
    iteration(0, {}),
    iteration(1, {}),
    { kind: 'evaluation' as const, version: 1, passes },
  ];
  const { rows, startMs } = runScalars(records, 10_000);
  expect(rows.map(({ step, timeMs }) => [step, timeMs])).toEqual([
    [0, 8_000],
    [1, 8_000],
    [1, 10_000],
  ]);
  expect(startMs).toBe(6_000);
  expect(Object.fromEntries(rows[1]!.values)).toEqual({
    'validation/greedy_accuracy': 0.5,
    'validation/greedy_response_tokens': 3,
    'validation/sampled_accuracy': 0.25,
  });
});

test('a reason for dropping counts 0 where nothing was dropped for it', () => {
  const dropped = { policy: { 'low-entropy': 7 }, momentum: {} };
  const { rows } = runScalars([iteration(0, {}), iteration(1, { dropped })], 0);
  expect(rows.map(({ values }) => values.get('dropped/policy/low_entropy'))).toEqual([0, 7]);
});

test('no name of a damaged record leads out of the folder of an export', () => {
  expect(Object.keys(valuesOf({ '../../x': 1, '': 2, 'a b.': { '..': 3 } }))).toEqual([
    'train/______x',
    'train/_',
    'train/a_b_/__',
    'seconds/total',
  ]);
});
