import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  importanceRatio,
  klEstimate,
  type LossOptions,
  type LossSequence,
  stepLoss,
  surrogateLoss,
} from './loss.ts';
import type { LossAggregation, StepTotals } from './loss-aggregation.ts';
import { lossMetrics } from './loss-metrics.ts';

interface Reference {
  hyper: { clip_ratio: number; kl_coef: number };
  old_logprobs: number[][];
  ref_logprobs: number[][];
  advantages: number[];
  temperatures: Record<string, { logprobs: number[][] }>;
  objectives: Record<string, Objectives>;
}
type Part = { loss: number; policy_loss: number; kl_k3: number };
type Objectives = Record<
  'token-mean' | 'seq-mean-token-mean' | 'seq-mean-token-sum' | 'seq-sum',
  Part
> & {
  eq3: { loss: number };
  metrics: Record<string, number>;
  per_token_loss: number[][];
};

/** PyTorch's losses of a fixture model, made by make_fixtures.py; null where the fixtures are absent. */
function readReference(model: string): Reference | null {
  const folders = ['../../../test/fixtures', '../../../../shared/fixtures'];
  for (const folder of folders) {
    const file = new URL(`${folder}/${model}/reference.json`, import.meta.url);
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Reference;
  }
  return null;
}

const models = ['tiny-qwen3', 'tiny-qwen2', 'tiny-llama'];
const cases = models.flatMap((model) =>
  ['1.0', '1.1'].map((temperature) => ({ model, temperature })),
);

describe.each(cases)(
  'as PyTorch has it: $model at temperature $temperature',
  ({ model, temperature }) => {
    const reference = readReference(model);
    if (reference === null) {
      test.skip(`fixture ${model} is absent`);
      return;
    }
    const { hyper, advantages } = reference;
    const expected = reference.objectives[temperature]!;
    const sequences = advantages.map(
      (advantage, i): LossSequence => ({
        advantage,
        logprobs: reference.temperatures[temperature]!.logprobs[i]!,
        behaviourLogprobs: reference.old_logprobs[i]!,
        referenceLogprobs: reference.ref_logprobs[i]!,
        importance: null,
      }),
    );
    const totals: StepTotals = {
      numTokens: sequences.reduce((sum, { logprobs }) => sum + logprobs.length, 0),
      numSequences: sequences.length,
      numPrompts: 1,
    };
    const options = (aggregation: LossAggregation): LossOptions => ({
      clipRatio: hyper.clip_ratio,
      klCoefficient: hyper.kl_coef,
      klReference: 'initial',
      importance: null,
      aggregation,
    });

    test.each(['token-mean', 'seq-mean-token-mean', 'seq-mean-token-sum'] as const)(
      '%s',
      (aggregation) => {
        const { loss, policyLoss, kl } = stepLoss(sequences, totals, options(aggregation));
        const pytorch = expected[aggregation];
        expect(loss).toBeCloseTo(pytorch.loss, 5);
        expect(policyLoss).toBeCloseTo(pytorch.policy_loss, 5);
        expect(kl).toBeCloseTo(pytorch.kl_k3, 5);
      },
    );

    test('eq3 has neither ratio nor clip nor KL', () => {
      const { loss, kl } = stepLoss(sequences, totals, options('eq3'));
      expect(loss).toBeCloseTo(expected.eq3.loss, 4);
      expect(kl).toBe(0);
      const twoPrompts = { ...totals, numPrompts: 2 };
      expect(stepLoss(sequences, twoPrompts, options('eq3')).loss).toBeCloseTo(loss / 2, 10);
    });

    test('every token', () => {
      sequences.forEach(({ advantage, logprobs, behaviourLogprobs, referenceLogprobs }, i) => {
        expected.per_token_loss[i]!.forEach((value, t) => {
          const ratio = importanceRatio(logprobs[t]!, behaviourLogprobs[t]!);
          const policy = surrogateLoss(ratio, advantage, hyper.clip_ratio);
          const kl = klEstimate(logprobs[t]!, referenceLogprobs![t]!);
          expect(policy + hyper.kl_coef * kl).toBeCloseTo(value, 5);
        });
      });
    });

    test('microbatches add up to the loss of the step', () => {
      const all = stepLoss(sequences, totals, options('token-mean')).loss;
      const parts = sequences.map(
        (sequence) => stepLoss([sequence], totals, options('token-mean')).loss,
      );
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(all, 12);
    });

    test('metrics', () => {
      const metrics = lossMetrics(sequences, hyper.clip_ratio);
      const pytorch = expected.metrics;
      const names: [keyof typeof metrics, string][] = [
        ['clipFraction', 'clip_fraction_active'],
        ['clipFractionLow', 'clip_fraction_low'],
        ['clipFractionHigh', 'clip_fraction_high'],
        ['outsideFraction', 'clip_fraction_outside'],
        ['ratioMean', 'ratio_mean'],
        ['ratioMin', 'ratio_min'],
        ['ratioMax', 'ratio_max'],
        ['behaviourKl1', 'approx_kl_k1_old'],
        ['behaviourKl2', 'approx_kl_k2_old'],
        ['behaviourKl3', 'approx_kl_k3_old'],
        ['referenceKl1', 'kl_ref_k1'],
        ['referenceKl3', 'kl_ref_k3'],
      ];
      for (const [ours, theirs] of names)
        expect(metrics[ours], ours).toBeCloseTo(pytorch[theirs]!, 5);
    });
  },
);

test('the clip removes what would push a ratio further out, and only that', () => {
  expect(surrogateLoss(1.5, 1, 0.2)).toBe(-1.2);
  expect(surrogateLoss(1.5, -1, 0.2)).toBe(1.5);
  expect(surrogateLoss(0.5, 1, 0.2)).toBe(-0.5);
  expect(surrogateLoss(0.5, -1, 0.2)).toBe(0.8);
});

test("log-ratios and the k3 estimate are bounded as in VeRL, so float32 can't overflow", () => {
  expect(importanceRatio(0, -500)).toBe(Math.exp(20));
  expect(importanceRatio(-500, 0)).toBe(Math.exp(-20));
  expect(klEstimate(-500, 0)).toBe(10);
  expect(klEstimate(0, -500)).toBe(10);
  expect(klEstimate(-3, -3)).toBe(0);
});

test('without a reference there is no KL term', () => {
  const sequence = {
    advantage: 1,
    logprobs: [-1],
    behaviourLogprobs: [-1],
    referenceLogprobs: null,
    importance: null,
  };
  const totals = { numTokens: 1, numSequences: 1, numPrompts: 1 };
  const options = {
    clipRatio: 0.2,
    klCoefficient: 0.005,
    klReference: 'none',
    importance: null,
    aggregation: 'token-mean',
  } as const;
  expect(stepLoss([sequence], totals, options)).toEqual({ loss: -1, policyLoss: -1, kl: 0 });
});
