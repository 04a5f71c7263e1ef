import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LossAggregation } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { globalNorm } from './adamw.ts';
import { weightFeeds } from './model-feeds.ts';
import { openGradientPass } from './open-passes.ts';
import { readReferenceFolder } from './reference-folder.ts';
import type { GradientOptions } from './training-options.ts';

const folder = fileURLToPath(new URL('../../../test/fixtures/tiny-qwen3', import.meta.url));
const reference = await readReferenceFolder(folder);
const { config, weights, sequences } = reference;
const numTokens = sequences.reduce((sum, s) => sum + s.responseTokens.length, 0);
const totals = { numTokens, numSequences: sequences.length, numPrompts: 1 };

interface Objectives {
  readonly objectives: Record<string, Record<string, { loss: number }>>;
  readonly grad_norms: Record<string, Record<string, { global: number }>>;
}
const stored = JSON.parse(readFileSync(`${folder}/reference.json`, 'utf8')) as Objectives;

async function gradientOf(options: Partial<GradientOptions>, subset = sequences) {
  const pass = await openGradientPass(config, {
    loss: { kind: 'clipped', clipRatio: 0.2, klCoefficient: 0.005, maxKlEstimate: 10 },
    aggregation: 'token-mean',
    layout: 'padded',
    temperature: 1.1,
    microbatchTokens: 1000,
    recompute: 'none',
    adapter: null,
    ...options,
  });
  const result = await pass.run(weightFeeds(config, weights), subset, totals);
  await pass.close();
  return result;
}

const aggregations: LossAggregation[] = [
  'token-mean',
  'seq-mean-token-mean',
  'seq-mean-token-sum',
  'eq3',
];

test.each(['1.0', '1.1'].flatMap((t) => aggregations.map((a) => [t, a] as const)))(
  'at temperature %s the %s loss and its gradient norm are those of PyTorch',
  async (temperature, aggregation) => {
    const options: Partial<GradientOptions> = { aggregation, temperature: Number(temperature) };
    const { loss, gradient } = await gradientOf(
      aggregation === 'eq3' ? { ...options, loss: { kind: 'log-likelihood' } } : options,
    );
    const expected = stored.objectives[temperature]![aggregation]!.loss;
    const norm = stored.grad_norms[temperature]![aggregation]!.global;
    expect(Math.abs(loss - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    expect(Math.abs(globalNorm(gradient) - norm)).toBeLessThan(1e-5 * norm);
  },
);

test('the cut into microbatches changes a gradient by rounding only', async () => {
  const whole = await gradientOf({ microbatchTokens: 1000 });
  const pieces = await gradientOf({ microbatchTokens: 20 });
  const difference = whole.gradient.map((g, i) => g - pieces.gradient[i]!);
  expect(globalNorm(difference)).toBeLessThan(1e-6 * globalNorm(whole.gradient));
  expect(globalNorm(difference)).toBeGreaterThan(0);
  expect(pieces.scores.map((s) => s.logprobs.length)).toEqual(
    sequences.map((s) => s.responseTokens.length),
  );
});

test('the same call has the same bits, in the same session and in a new one', async () => {
  const first = await gradientOf({ microbatchTokens: 30 });
  const bits = first.gradient.slice();
  const second = await gradientOf({ microbatchTokens: 30 });
  expect(Buffer.compare(Buffer.from(bits.buffer), Buffer.from(second.gradient.buffer))).toBe(0);
});

test('without KL a sequence of advantage 0 has no gradient', async () => {
  const loss = { kind: 'clipped', clipRatio: 0.2, klCoefficient: 0, maxKlEstimate: 10 } as const;
  const idle = sequences.filter(({ advantage }) => advantage === 0);
  expect(idle.length).toBe(1);
  expect(globalNorm((await gradientOf({ loss }, idle)).gradient)).toBe(0);
});

test('a KL estimate beyond its limit keeps its value and loses its gradient', async () => {
  const options = (maxKlEstimate: number): Partial<GradientOptions> => ({
    loss: { kind: 'clipped', clipRatio: 0.2, klCoefficient: 1, maxKlEstimate },
  });
  const idle = sequences.filter(({ advantage }) => advantage === 0);
  const limited = await gradientOf(options(0), idle);
  expect(limited.loss).toBe(0);
  expect(globalNorm(limited.gradient)).toBe(0);
  expect(globalNorm((await gradientOf(options(10), idle)).gradient)).toBeGreaterThan(0);
});
