import { defaultCollapseOptions } from '@mgrpo/algorithm';
import type { MetricsRecord } from '@mgrpo/checkpoint';
import { expect, test } from 'vitest';
import { collapseAfter } from './collapse-watch.ts';

const options = {
  ...defaultCollapseOptions,
  onCollapse: 'warn' as const,
  window: 2,
  patience: 1,
};

const records = (change: (iteration: number) => object): MetricsRecord[] =>
  Array.from({ length: 10 }, (_, iteration) => ({
    kind: 'iteration' as const,
    iteration,
    selfAgreement: 0.9,
    labelCollision: 0.1,
    disagreement: 0.1,
    responseTokens: 8,
    entropy: { policy: 0.1, momentum: 0.2 },
    step: { gradientNorm: 0.5 },
    ...change(iteration),
  }));

test.each([
  ['selfAgreement', { selfAgreement: 0.8 }, 'agreement-falls'],
  ['labelCollision', { labelCollision: 0.9 }, 'same-answer'],
  ['disagreement', { disagreement: 0.9 }, 'roles-disagree'],
  ['responseTokens', { responseTokens: 4 }, 'responses-shrink'],
  ["the policy's entropy", { entropy: { policy: 0.2 } }, 'entropy-rises'],
  ['the gradient norm of the step', { step: { gradientNorm: 5 } }, 'labels-conflict'],
])('%s is read from the records', (_name, changed, reason) => {
  const state = collapseAfter(
    records((iteration) => (iteration < 8 ? {} : changed)),
    options,
  );
  expect(state).toMatchObject({ kind: 'suspected', reasons: [reason] });
});

test('evaluations, missing steps and records without signals are no sign', () => {
  const healthy = { kind: 'healthy' };
  expect(collapseAfter([], options)).toEqual(healthy);
  expect(
    collapseAfter(
      records(() => ({ step: null })),
      options,
    ),
  ).toEqual(healthy);
  const bare: MetricsRecord[] = [
    { kind: 'evaluation', version: 0 },
    { kind: 'iteration', iteration: 0 },
    { kind: 'iteration', iteration: 1 },
  ];
  expect(collapseAfter(bare, options)).toEqual(healthy);
});
