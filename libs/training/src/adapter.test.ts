import { fileURLToPath } from 'node:url';
import { type AdapterOptions, adapterScale, adapterTargets, emaStep } from '@mgrpo/algorithm';
import { adaptedWeights, initialAdapter, numAdapterParameters, numParameters } from '@mgrpo/model';
import { expect, onTestFinished, test } from 'vitest';
import { globalNorm } from './adamw.ts';
import { type Feeds, weightFeeds } from './model-feeds.ts';
import { openGradientPass } from './open-passes.ts';
import type { Recompute } from './recompute.ts';
import { readReferenceFolder } from './reference-folder.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import { openTrainedPart } from './trained-part.ts';
import { Trainer } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import type { TrainingBatch } from './training-batch.ts';

const readFixture = (name: string) =>
  readReferenceFolder(fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url)));
const { config: model, weights, sequences } = await readFixture('tiny-qwen3');
const everything: AdapterOptions = { rank: 3, alpha: 6, targets: adapterTargets };
const some: AdapterOptions = { rank: 2, alpha: 1, targets: ['v_proj', 'down_proj', 'q_proj'] };

/** An adapter whose B is not 0, as after some training. */
function movedAdapter(config: typeof model, options: AdapterOptions): Float32Array {
  const adapter = initialAdapter(config, options, 3);
  for (const { b } of adaptedWeights(config, options)) {
    for (let i = b.offset; i < b.offset + b.size; i++) adapter[i] = 0.02 * Math.sin(i);
  }
  return adapter;
}

/** The feeds of an adapter on weights, and the merged weights, which follow the adapter by `update`. */
async function adapted(config: typeof model, base: Float32Array, options: AdapterOptions) {
  const state = initialTrainerState(base.slice(), movedAdapter(config, options));
  const part = await openTrainedPart({ model: config, state, reference: base }, options);
  onTestFinished(() => part.close());
  const update = () => part.updatePolicy();
  await update();
  return { adapter: part.weights, feeds: part.feeds, merged: state.policy, update };
}

test.each(['tiny-qwen3', 'tiny-qwen2', 'tiny-llama'])(
  'the merged weights of %s are W + (alpha / r) B A, and those of the rest stay',
  async (name) => {
    const { config, weights: base } = await readFixture(name);
    const { adapter, merged } = await adapted(config, base, everything);
    const exact = Float64Array.from(base);
    for (const { weight, a, b } of adaptedWeights(config, everything)) {
      const [numOut, numIn] = weight.shape as [number, number];
      const { rank } = everything;
      const update = product(numOut, numIn, rank, {
        left: (o, r) => adapterScale(everything) * adapter[b.offset + o * rank + r]!,
        right: (r, i) => adapter[a.offset + r * numIn + i]!,
      });
      for (const [i, value] of update.entries()) exact[weight.offset + i]! += value;
    }
    // Weights are below 0.5, whose neighbours in float32 are 3e-8 apart.
    expect(largestGap(exact, merged)).toBeLessThan(6e-8);
    expect(largestGap(base, merged)).toBeGreaterThan(0.01);
  },
);

const totals = { numTokens: 100, numSequences: sequences.length, numPrompts: 1 };

async function gradientOf(options: AdapterOptions | null, feeds: Feeds, recompute: Recompute) {
  const pass = await openGradientPass(model, {
    loss: { kind: 'log-likelihood' },
    aggregation: 'token-mean',
    layout: 'padded',
    temperature: 1.1,
    microbatchTokens: 1000,
    recompute,
    adapter: options,
  });
  const result = await pass.run(feeds, sequences, totals);
  const gradient = result.gradient.slice();
  await pass.close();
  return { ...result, gradient };
}

/** [m, k] times [k, n] in float64. */
function product(m: number, n: number, k: number, { left, right }: Factors): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += left(Math.floor(at / n), l) * right(l, at % n);
    return sum;
  });
}

interface Factors {
  readonly left: (i: number, l: number) => number;
  readonly right: (l: number, j: number) => number;
}

function largestGap(a: ArrayLike<number>, b: Float32Array): number {
  return b.reduce((most, value, i) => Math.max(most, Math.abs(a[i]! - value)), 0);
}

test.each([
  ['none', everything],
  ['layers', everything],
  ['none', some],
  ['layers', some],
] as const)(
  'the learner computes what a sampler with the merged weights does, to the bit (%s, %o)',
  async (recompute, options) => {
    const { feeds, merged } = await adapted(model, weights, options);
    const ours = await gradientOf(options, feeds, recompute);
    const theirs = await gradientOf(null, weightFeeds(model, merged), recompute);
    const base = await gradientOf(null, weightFeeds(model, weights), recompute);
    expect(ours.loss).toBe(theirs.loss);
    expect(ours.scores).toEqual(theirs.scores);
    expect(ours.loss).not.toBe(base.loss);
  },
);

test.each([everything, some])(
  'the gradients of A and B are those of the merged weights, by the chain rule (%o)',
  async (options) => {
    const { adapter, feeds, merged } = await adapted(model, weights, options);
    const { gradient } = await gradientOf(options, feeds, 'none');
    const { gradient: ofWeights } = await gradientOf(null, weightFeeds(model, merged), 'none');
    expect(gradient.length).toBe(numAdapterParameters(model, options));
    const scale = adapterScale(options);
    const expected = new Float64Array(gradient.length);
    for (const { weight, a, b } of adaptedWeights(model, options)) {
      const [numOut, numIn] = weight.shape as [number, number];
      const dW = (o: number, i: number) => ofWeights[weight.offset + o * numIn + i]!;
      const A = (r: number, i: number) => adapter[a.offset + r * numIn + i]!;
      const B = (o: number, r: number) => adapter[b.offset + o * options.rank + r]!;
      const dA = product(options.rank, numIn, numOut, {
        left: (r, o) => scale * B(o, r),
        right: dW,
      });
      const dB = product(numOut, options.rank, numIn, {
        left: dW,
        right: (i, r) => scale * A(r, i),
      });
      expected.set(dA, a.offset);
      expected.set(dB, b.offset);
    }
    const difference = expected.map((value, i) => value - gradient[i]!);
    expect(globalNorm(difference)).toBeLessThan(2e-6 * globalNorm(expected));
  },
);

test('the loss changes along the gradient as the gradient says', async () => {
  const { adapter, feeds, update } = await adapted(model, weights, everything);
  const { gradient } = await gradientOf(everything, feeds, 'none');
  const start = adapter.slice();
  const norm = globalNorm(gradient);
  const lossAt = async (distance: number) => {
    // The feeds are views of the adapter and the policy.
    adapter.set(start.map((value, i) => value + (distance * gradient[i]!) / norm));
    await update();
    return (await gradientOf(everything, feeds, 'none')).loss;
  };
  const slope = ((await lossAt(0.02)) - (await lossAt(-0.02))) / 0.04;
  expect(Math.abs(slope - norm)).toBeLessThan(1e-3 * norm);
});

test.each([everything, some])('layers made again give the same gradient (%o)', async (options) => {
  const { feeds } = await adapted(model, weights, options);
  const whole = await gradientOf(options, feeds, 'none');
  const staged = await gradientOf(options, feeds, 'layers');
  const difference = whole.gradient.map((value, i) => value - staged.gradient[i]!);
  expect(globalNorm(difference)).toBeLessThan(1e-6 * globalNorm(whole.gradient));
  expect(staged.loss).toBeCloseTo(whole.loss, 5);
});

const batch: TrainingBatch = {
  prompts: [sequences.map((s, i) => ({ ...s, advantage: i % 2 === 0 ? 1 : -1 }))],
  learningRates: [1e-2],
  momentumCoefficients: [0.9],
};

function open(state: TrainerState | null, reference: Float32Array | null = weights) {
  const fresh = () => initialTrainerState(weights.slice(), initialAdapter(model, some, 5));
  return Trainer.open({
    model,
    options: {
      loss: { ...policyLoss, klReference: 'initial' },
      optimizer: adamwOptions,
      adapter: some,
      temperature: 1.1,
      microbatchTokens: 1000,
      recompute: 'none',
    },
    state: state ?? fresh(),
    reference,
    now: () => 0,
  });
}

test('a new adapter changes nothing, and a step changes the adapted weights alone', async () => {
  const trainer = await open(null);
  const before = await trainer.snapshot();
  expect(before.policy).toEqual(weights);
  const stats = await trainer.step(batch);
  if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
  const { policy, momentum, adapter, firstMoment } = await trainer.snapshot();
  await trainer.close();
  expect(firstMoment.length).toBe(adapter!.length);
  const isAdapted = new Uint8Array(numParameters(model));
  for (const { weight, b } of adaptedWeights(model, some)) {
    const { offset, shape } = weight;
    isAdapted.fill(1, offset, offset + shape[0]! * shape[1]!);
    expect(adapter!.subarray(b.offset, b.offset + b.size)).not.toContain(0);
  }
  expect(policy.every((value, i) => isAdapted[i] === 1 || value === weights[i])).toBe(true);
  expect(globalNorm(policy.map((value, i) => value - weights[i]!))).toBeGreaterThan(0.01);
  // The momentum model is the average of merged weights (Eq. 1), not of A and B.
  const average = weights.slice();
  emaStep(average, policy, 0.9);
  expect(momentum).toEqual(average);
});

test('a trainer opened from a snapshot goes on to the same bits', async () => {
  const whole = await open(null);
  await whole.step(batch);
  const middle = await whole.snapshot();
  await whole.step(batch);
  const expected = await whole.snapshot();
  await whole.close();
  expect(expected.policy).not.toEqual(middle.policy);
  const resumed = await open(middle);
  await resumed.step(batch);
  expect(await resumed.snapshot()).toEqual(expected);
  await resumed.close();
});

test('an adapter without its weights, or of another shape, is refused', async () => {
  await expect(open(null, null)).rejects.toThrow(/initial weights/);
  const other = initialTrainerState(weights.slice(), initialAdapter(model, everything, 1));
  await expect(open(other)).rejects.toThrow(/numbers where the model has/);
});

test('the order of the targets changes nothing, and A is uniform within ±1 / sqrt(in)', () => {
  const reversed = { ...some, targets: some.targets.toReversed() };
  const adapter = initialAdapter(model, some, 5);
  expect(initialAdapter(model, reversed, 5)).toEqual(adapter);
  expect(initialAdapter(model, some, 6)).not.toEqual(adapter);
  for (const { a, b } of adaptedWeights(model, some)) {
    const bound = 1 / Math.sqrt(a.shape[1]!);
    const drawn = adapter.subarray(a.offset, a.offset + a.size);
    expect(Math.max(...drawn)).toBeLessThan(bound);
    expect(Math.max(...drawn)).toBeGreaterThan(0.7 * bound);
    expect(adapter.subarray(b.offset, b.offset + b.size).every((value) => value === 0)).toBe(true);
  }
});
