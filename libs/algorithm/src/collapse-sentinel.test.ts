import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CollapseOptions,
  type CollapseSignals,
  type CollapseState,
  collapseStates,
  defaultCollapseOptions,
} from './collapse-sentinel.ts';

const options: CollapseOptions = { ...defaultCollapseOptions, window: 5, patience: 2 };

/** A run that becomes right: agreement rises, entropy falls, answers vary as the questions do. */
const healthy = (iteration: number): CollapseSignals => ({
  iteration,
  selfAgreement: 0.98 - 0.5 * 0.9 ** iteration,
  labelCollision: 0.1,
  disagreement: 0.3 * 0.9 ** iteration,
  entropy: 0.7 * 0.9 ** iteration,
  responseTokens: 8 - 3 * 0.9 ** iteration,
  gradientNorm: 0.5,
});

const run = (
  length: number,
  change: (iteration: number) => Partial<CollapseSignals> = () => ({}),
): CollapseSignals[] =>
  Array.from({ length }, (_, iteration) => ({ ...healthy(iteration), ...change(iteration) }));

const last = (history: readonly CollapseSignals[]): CollapseState =>
  collapseStates(history, options).at(-1)!;

test('agreement near 1 and entropy near 0 are no signs: a run that becomes right has both', () => {
  expect(collapseStates(run(60), options)).toEqual(Array(60).fill({ kind: 'healthy' }));
});

test.each<[string, (since: number) => Partial<CollapseSignals>]>([
  ['same-answer', () => ({ labelCollision: 0.6 })],
  ['roles-disagree', () => ({ disagreement: 0.5 })],
  ['agreement-falls', () => ({ selfAgreement: 0.85 })],
  ['entropy-rises', () => ({ entropy: 0.2 })],
  ['responses-shrink', () => ({ responseTokens: 5 })],
])('%s is seen once the window shows it, and points to where it began', (reason, changed) => {
  const history = run(60, (iteration) => (iteration < 40 ? {} : changed(iteration)));
  const states = collapseStates(history, options);
  const first = states.findIndex((state) => state.kind === 'suspected');
  expect(first).toBeGreaterThanOrEqual(40);
  expect(first).toBeLessThan(48);
  const state = states[first]!;
  if (state.kind !== 'suspected') throw new Error('not suspected');
  expect(state.reasons).toEqual([reason]);
  expect(state.since).toBeGreaterThan(34);
  expect(state.since).toBeLessThanOrEqual(first);
});

test('gradients that grow are a sign only where rollouts disagree', () => {
  const grow = (selfAgreement: number) =>
    last(run(60, (t) => (t < 40 ? {} : { gradientNorm: 2, selfAgreement })));
  expect(grow(0.985)).toEqual({ kind: 'healthy' });
  expect(grow(0.945)).toMatchObject({ kind: 'suspected', reasons: ['labels-conflict'] });
});

test('a sign that passes is forgotten', () => {
  const history = run(60, (t) => (t >= 30 && t < 40 ? { labelCollision: 0.6 } : {}));
  expect(collapseStates(history, options)[38]).toMatchObject({ kind: 'suspected' });
  expect(last(history)).toEqual({ kind: 'healthy' });
});

test('methods without vote, momentum model or answers are watched by what is left', () => {
  const blind = { selfAgreement: null, labelCollision: null, disagreement: null };
  const history = run(60, (t) => ({ ...blind, ...(t < 40 ? {} : { entropy: 0.2 }) }));
  expect(last(history)).toMatchObject({ kind: 'suspected', reasons: ['entropy-rises'] });
  const nothing = { ...blind, entropy: null, responseTokens: null, gradientNorm: null };
  expect(last(run(60, () => nothing))).toEqual({ kind: 'healthy' });
});

test('a sign is switched off by null', () => {
  const history = run(60, (t) => (t < 40 ? {} : { labelCollision: 0.6 }));
  const [state] = collapseStates(history, { ...options, collisionRise: null }).slice(-1);
  expect(state).toEqual({ kind: 'healthy' });
});

const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
const anything = fc.array(
  fc.record({
    selfAgreement: share,
    labelCollision: share,
    disagreement: share,
    entropy: share,
    responseTokens: fc.option(fc.double({ min: 1, max: 1e4, noNaN: true })),
    gradientNorm: fc.option(fc.double({ min: 0, max: 1e3, noNaN: true })),
  }),
  { maxLength: 40 },
);

test('what comes later changes no judgement: a resumed run is judged alike', () => {
  fc.assert(
    fc.property(anything, fc.nat(40), (signals, cut) => {
      const history = signals.map((each, iteration) => ({ iteration, ...each }));
      const states = collapseStates(history, options);
      expect(states).toHaveLength(history.length);
      expect(collapseStates(history.slice(0, cut), options)).toEqual(states.slice(0, cut));
    }),
  );
});

test('suspicion begins within the iterations that it is drawn from', () => {
  fc.assert(
    fc.property(anything, (signals) => {
      const history = signals.map((each, iteration) => ({ iteration, ...each }));
      for (const [iteration, state] of collapseStates(history, options).entries()) {
        if (state.kind === 'healthy') continue;
        expect(state.since).toBeLessThanOrEqual(iteration - options.window + 2 - options.patience);
        expect(state.reasons.length).toBeGreaterThan(0);
      }
    }),
  );
});
