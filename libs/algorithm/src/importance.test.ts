import { expect, test } from 'vitest';
import { importanceMetrics, tokenImportance } from './importance.ts';
import { type LossOptions, type LossSequence, stepLoss } from './loss.ts';

const cap = 2;
const log = (...shares: number[]) => Float32Array.from(shares, Math.log);
// By the sampler a half, a half and a tenth; by the learner a quarter, a half and nine tenths.
const behaviourLogprobs = log(0.5, 0.5, 0.1);
const importance = tokenImportance(log(0.25, 0.5, 0.9), behaviourLogprobs, { cap });

test('a token counts by what the learner gives it over what the sampler gave it, up to the cap', () => {
  const weights = Array.from(importance.weights);
  expect(weights.map((weight) => Number(weight.toFixed(6)))).toEqual([0.5, 1, 2]);
  expect(importanceMetrics([{ importance }, { importance: null }], { cap })).toEqual({
    mean: (weights[0]! + weights[1]! + weights[2]!) / 3,
    truncated: 1 / 3,
  });
  expect(importanceMetrics([{ importance: null }], { cap })).toBeNull();
});

const options: LossOptions = {
  clipRatio: 0.2,
  klCoefficient: 0.1,
  klReference: 'initial',
  importance: { cap },
  aggregation: 'token-mean',
};
const totals = { numTokens: 3, numSequences: 1, numPrompts: 1 };
// The policy has moved since: 1.1 times the first token, 1.5 times the second, 0.5 times the third.
const sequence: LossSequence = {
  advantage: 3,
  logprobs: log(0.275, 0.75, 0.45),
  behaviourLogprobs,
  referenceLogprobs: null,
  importance,
};

test('the surrogate is of the ratio to the learner before the step, times the weight, by hand', () => {
  const { policyLoss } = stepLoss([sequence], totals, options);
  // Ratios 1.1, 1.5 (clipped to 1.2) and 0.5; weights 0.5, 1 and 2.
  expect(policyLoss).toBeCloseTo(-(0.5 * 1.1 * 3 + 1 * 1.2 * 3 + 2 * 0.5 * 3) / 3, 6);
  const negative = stepLoss([{ ...sequence, advantage: -3 }], totals, options);
  expect(negative.policyLoss).toBeCloseTo((0.5 * 1.1 * 3 + 1 * 1.5 * 3 + 2 * 0.8 * 3) / 3, 6);
});

test('the KL term is not weighted, and Eq. 3 is', () => {
  const referenceLogprobs = log(0.2, 0.8, 0.5);
  const kl = (of: LossSequence['importance']) =>
    stepLoss([{ ...sequence, referenceLogprobs, importance: of }], totals, options).kl;
  expect(kl(importance)).toBe(kl(null));
  const eq3 = stepLoss([sequence], totals, { ...options, aggregation: 'eq3' });
  const { logprobs } = sequence;
  const sum = 0.5 * logprobs[0]! + logprobs[1]! + 2 * logprobs[2]!;
  expect(eq3.loss).toBeCloseTo(-3 * sum, 5);
});

test('a sampler that is the learner changes nothing', () => {
  const same = tokenImportance(behaviourLogprobs, behaviourLogprobs, { cap });
  expect(stepLoss([{ ...sequence, importance: same }], totals, options)).toEqual(
    stepLoss([{ ...sequence, importance: null }], totals, options),
  );
});
