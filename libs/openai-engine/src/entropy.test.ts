import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entropyBounds } from './entropy.ts';

/** A distribution over `scores.length` tokens, most likely first, and its entropy. */
function distribution(scores: readonly number[]) {
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  const logprobs = scores.map((score) => score - Math.log(total)).sort((a, b) => b - a);
  return { logprobs, entropy: -logprobs.reduce((sum, x) => sum + Math.exp(x) * x, 0) };
}

test('both bounds hold for any distribution, k and drawn token', () => {
  const scores = fc.array(fc.double({ min: -12, max: 12, noNaN: true }), {
    minLength: 2,
    maxLength: 40,
  });
  fc.assert(
    fc.property(scores, fc.nat(40), fc.nat(39), (values, k, drawnAt) => {
      const { logprobs, entropy } = distribution(values);
      const asked = Math.max(1, Math.min(k, logprobs.length));
      const drawn = drawnAt >= asked ? (logprobs[drawnAt] ?? null) : null;
      const top = logprobs.slice(0, asked);
      const { lower, upper } = entropyBounds({ top, drawn, asked, vocabSize: logprobs.length });
      // What is unseen below 1e-6 is left out: at most 1e-6 ln(40 / 1e-6) nats.
      expect(lower).toBeLessThanOrEqual(entropy + 1e-9);
      expect(upper).toBeGreaterThanOrEqual(entropy - 2e-5);
    }),
  );
});

test('all tokens seen give the entropy itself', () => {
  const { logprobs, entropy } = distribution([3, 1, 0, -2]);
  const { lower, upper } = entropyBounds({ top: logprobs, drawn: null, asked: 4, vocabSize: 4 });
  expect([lower, upper]).toEqual([upper, lower]);
  expect(lower).toBeCloseTo(entropy, 12);
});

test('a uniform distribution of which one token is seen lies at both bounds', () => {
  const bounds = entropyBounds({
    top: [Math.log(1 / 8)],
    drawn: null,
    asked: 1,
    vocabSize: 8,
  });
  expect(bounds.lower).toBeCloseTo(Math.log(8), 12);
  expect(bounds.upper).toBeCloseTo(Math.log(8), 12);
});

test('fewer than asked for, because names fell together, bound nothing by the least of them', () => {
  const top = [Math.log(0.5), Math.log(0.01)];
  const { lower } = entropyBounds({ top, drawn: null, asked: 3, vocabSize: 10 });
  // 0.49 may be one token that shares its text with another.
  expect(lower).toBeCloseTo(-(0.5 * Math.log(0.5) + 0.01 * Math.log(0.01) + 0.49 * Math.log(0.49)));
});
