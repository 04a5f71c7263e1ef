import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { globalNorm } from './adamw.ts';
import { openLiveState } from './live-state.ts';
import { readReferenceFolder } from './reference-folder.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import { mean } from './train-stats.ts';
import { Trainer } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import type { TrainingBatch } from './training-batch.ts';
import { gradientOptions, type TrainingOptions } from './training-options.ts';

// On the CPU, which computes in float32 and rounds to float16: SwiftShader has no float16.
const folder = fileURLToPath(new URL('../../../test/fixtures/tiny-qwen3', import.meta.url));
const { config: model, weights, sequences } = await readReferenceFolder(folder);
const totals = {
  numTokens: sequences.reduce((sum, { responseTokens }) => sum + responseTokens.length, 0),
  numSequences: sequences.length,
  numPrompts: 1,
};
const options: TrainingOptions = {
  loss: policyLoss,
  optimizer: adamwOptions,
  temperature: 1.1,
  microbatchTokens: 100,
  recompute: 'none',
  adapter: null,
};

/** Loss, logprobs and the gradient, the scale taken out, of sequences whose advantages are made smaller. */
async function stepOf(compute: 'float32' | 'float16', { lossScale = 1, shrunk = 1 } = {}) {
  const live = await openLiveState(
    { model, state: initialTrainerState(weights.slice()), reference: null },
    gradientOptions({ ...options, compute }),
  );
  const smaller = sequences.map((s) => ({ ...s, advantage: s.advantage * shrunk }));
  const { loss, scores } = await live.differentiate(smaller, totals, {
    signal: undefined,
    lossScale,
  });
  const gradient = (await live.gradient()).map((g) => g / lossScale);
  await live.close();
  return { loss, gradient, logprobs: scores.map(({ logprobs }) => logprobs) };
}

const distance = (a: Float32Array, b: Float32Array): number =>
  globalNorm(a.map((value, i) => value - b[i]!)) / globalNorm(b);

test('float16 is near float32: logprobs to 0.02, a scaled gradient to 5e-3 of its norm', async () => {
  const exact = await stepOf('float32');
  const half = await stepOf('float16', { lossScale: 2 ** 16 });
  const gaps = half.logprobs.flatMap((values, i) =>
    Array.from(values, (logprob, t) => Math.abs(logprob - exact.logprobs[i]![t]!)),
  );
  // docs/performance.md has what they were.
  expect(mean(gaps)).toBeLessThan(3e-3);
  expect(Math.max(...gaps)).toBeLessThan(0.02);
  expect(Math.max(...gaps)).toBeGreaterThan(1e-5);
  expect(Math.abs(half.loss - exact.loss)).toBeLessThan(1e-3);
  expect(distance(half.gradient, exact.gradient)).toBeLessThan(5e-3);
});

test('the loss scale keeps small gradients, which float16 loses without', async () => {
  const shrunk = 2 ** -14;
  const exact = await stepOf('float32', { shrunk });
  const scaled = await stepOf('float16', { shrunk, lossScale: 2 ** 16 });
  const unscaled = await stepOf('float16', { shrunk });
  expect(distance(scaled.gradient, exact.gradient)).toBeLessThan(5e-3);
  expect(distance(unscaled.gradient, exact.gradient)).toBeGreaterThan(0.1);
});

const batch: TrainingBatch = {
  prompts: [sequences],
  learningRates: [1e-3],
  momentumCoefficients: [0.9],
};
const open = (state: TrainerState) =>
  Trainer.open({
    model,
    options: { ...options, compute: 'float16' },
    state,
    reference: null,
    now: () => 0,
  });

test('a scale that is too large skips steps, which do not count, until it fits, and is part of the state', async () => {
  const scale = 2 ** 24;
  const start = { ...initialTrainerState(weights.slice()), lossScale: { scale, steps: 5 } };
  const trainer = await open(start);
  let numSkipped = 0;
  for (;;) {
    const before = await trainer.snapshot();
    const stats = await trainer.step(batch);
    if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
    if (stats.steps.length > 0) break;
    numSkipped += 1;
    const lossScale = { scale: scale / 2 ** numSkipped, steps: 0 };
    expect(stats).toMatchObject({
      skipped: [{ step: 0, what: 'loss-scale' }],
      skippedAtEnd: 0,
      lossScale: lossScale.scale,
    });
    expect(await trainer.snapshot()).toEqual({ ...before, lossScale });
  }
  expect(numSkipped).toBeGreaterThan(0);
  const middle = await trainer.snapshot();
  expect(middle.lossScale).toEqual({ scale: scale / 2 ** numSkipped, steps: 1 });
  await trainer.step(batch);
  const expected = await trainer.snapshot();
  await trainer.close();
  const resumed = await open(middle);
  await resumed.step(batch);
  expect(await resumed.snapshot()).toEqual(expected);
  await resumed.close();
});

test('a loss that is not finite counts whatever the scale, and leaves it', async () => {
  const trainer = await open(initialTrainerState(weights.slice()));
  const broken = sequences.map((s) => ({ ...s, advantage: Number.NaN }));
  const stats = await trainer.step({ ...batch, prompts: [broken] });
  expect(stats).toMatchObject({ skipped: [{ what: 'loss' }], skippedAtEnd: 1 });
  expect((await trainer.snapshot()).lossScale).toEqual({ scale: 2 ** 16, steps: 0 });
  await trainer.close();
});
