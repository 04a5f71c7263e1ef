import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adamwStep, clipCoefficient, globalNorm } from './adamw.ts';

interface AdamwCase {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly max_grad_norm: number | null;
  readonly initial: readonly (readonly number[])[];
  readonly steps: readonly {
    readonly grads: readonly (readonly number[])[];
    readonly grad_norm: number;
    readonly params: readonly (readonly number[])[];
  }[];
}

// Made by test/fixtures' make_fixtures.py with torch.optim.AdamW in float64.
const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/adamw.json', import.meta.url), 'utf8'),
) as { cases: readonly AdamwCase[] };

test.each(cases.map((c, i) => [i, c] as const))(
  'five clipped AdamW steps are those of PyTorch (case %i)',
  (_, c) => {
    const weights = Float64Array.from(c.initial.flat());
    const firstMoment = new Float64Array(weights.length);
    const secondMoment = new Float64Array(weights.length);
    for (const [k, { grads, grad_norm, params }] of c.steps.entries()) {
      const gradient = Float64Array.from(grads.flat());
      const norm = globalNorm(gradient);
      expect(norm).toBeCloseTo(grad_norm, 12);
      adamwStep({ weights, firstMoment, secondMoment }, gradient, {
        learningRate: c.lr,
        beta1: c.betas[0],
        beta2: c.betas[1],
        epsilon: c.eps,
        weightDecay: c.weight_decay,
        gradientScale: c.max_grad_norm === null ? 1 : clipCoefficient(norm, c.max_grad_norm),
        step: k + 1,
      });
      for (const [i, expected] of params.flat().entries()) {
        expect(Math.abs(weights[i]! - expected)).toBeLessThan(1e-13);
      }
    }
  },
);

test('a gradient below the limit is not scaled', () => {
  expect(clipCoefficient(0.5, 1)).toBe(1);
  expect(clipCoefficient(4, 1)).toBeCloseTo(0.25, 6);
});
