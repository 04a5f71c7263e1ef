import type { AdapterOptions } from '@mgrpo/algorithm';
import { initialAdapter, initialWeights, numParameters, parseModelConfig } from '@mgrpo/model';
import { expect, inject, test } from 'vitest';
import { DeviceState } from './device-state.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import type { TrainStats } from './train-stats.ts';
import { Trainer, type TrainerInit } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import type { TrainingBatch } from './training-batch.ts';
import { gradientOptions, type TrainingOptions } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

const model = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 64,
  hidden_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 48,
  max_position_embeddings: 64,
  tie_word_embeddings: false,
});
const options: TrainingOptions = {
  loss: { ...policyLoss, klCoefficient: 0.1, importance: { cap: 2 }, klReference: 'initial' },
  optimizer: { ...adamwOptions, weightDecay: 0.1, maxGradientNorm: 0.5 },
  temperature: 1.1,
  // Of sequences of 4 to 7 tokens: several microbatches.
  microbatchTokens: 14,
  recompute: 'none',
  adapter: null,
};
const adapter: AdapterOptions = { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] };

function sequence(index: number, advantage: number): TrainingSequence {
  const tokens = Array.from({ length: 5 + (index % 4) }, (_, i) => (3 * index + 5 * i) % 64);
  const responseTokens = Int32Array.from(tokens.slice(3));
  const behaviourLogprobs = new Float32Array(responseTokens.length).fill(-4.2);
  return {
    promptTokens: Int32Array.from(tokens.slice(0, 3)),
    responseTokens,
    behaviourLogprobs,
    advantage,
  };
}

/** Two steps, with a step of the momentum model after each. */
const batch: TrainingBatch = {
  prompts: [
    [sequence(0, 1), sequence(1, -1), sequence(2, 0.5)],
    [sequence(3, 0.7), sequence(4, -1), sequence(5, 0.2)],
  ],
  learningRates: [1e-2, 5e-3],
  momentumCoefficients: [0.9, 0.3],
};
const broken: TrainingBatch = {
  ...batch,
  prompts: [[{ ...sequence(0, 1), advantage: Number.NaN }], [sequence(1, 1)]],
  learningRates: [1e-2],
  momentumCoefficients: [0.9],
};

function initOf(device: 'cpu' | 'webgpu', adapts: AdapterOptions | null): Omit<TrainerInit, 'now'> {
  const initial = initialWeights(model, 7);
  const state = initialTrainerState(initial.slice(), adapts && initialAdapter(model, adapts, 7));
  return { model, options: { ...options, adapter: adapts }, state, reference: initial, device };
}

/** What the steps on some batches said, and the state after each. */
async function trained(
  init: Omit<TrainerInit, 'now'>,
  batches: readonly TrainingBatch[],
): Promise<{ stats: TrainStats[]; states: TrainerState[] }> {
  const trainer = await Trainer.open({ ...init, now: () => 0 });
  const stats: TrainStats[] = [];
  const states: TrainerState[] = [];
  for (const next of batches) {
    stats.push(await trainer.step(next));
    states.push(await trainer.snapshot());
  }
  await trainer.close();
  return { stats, states };
}

function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test.skipIf(!inject('hasWebGpu')).each([
  ['all weights train', null],
  ['an adapter trains', adapter],
])(
  'on WebGPU %s as on the CPU, up to rounding',
  async (_, adapts) => {
    const batches = [batch, broken, batch];
    const onCpu = await trained(initOf('cpu', adapts), batches);
    const onDevice = await trained(initOf('webgpu', adapts), batches);
    const [theirs, ours] = [onCpu.states[2]!, onDevice.states[2]!];
    expect(ours.optimizerSteps).toBe(4);
    for (const name of ['policy', 'momentum', 'firstMoment', 'secondMoment'] as const) {
      // A hundredth of a step of 1e-2: where a gradient is mostly rounding, AdamW divides rounding by rounding.
      expect(largestGap(ours[name], theirs[name]), name).toBeLessThan(1e-4);
    }
    expect(largestGap(ours.policy, ours.momentum)).toBeGreaterThan(1e-3);
    expect(onDevice.stats[1]).toMatchObject({ steps: [], skipped: [{ what: 'loss' }] });
    expect(onDevice.states[1]).toEqual(onDevice.states[0]);
    if (adapts !== null) return;
    const resumed = { ...initOf('webgpu', adapts), state: onDevice.states[1]! };
    expect((await trained(resumed, [batch])).states).toEqual([ours]);
  },
  300_000,
);

test.skipIf(!inject('hasWebGpu'))(
  'a step on WebGPU moves no weights, gradients or moments',
  async () => {
    const { state, reference } = initOf('webgpu', null);
    const live = await DeviceState.open({ model, state, reference }, gradientOptions(options));
    expect(state.policy.length).toBe(0);
    const sequences = batch.prompts.flat().map((s) => ({
      ...s,
      referenceLogprobs: s.behaviourLogprobs,
      importance: null,
    }));
    const totals = { numTokens: 20, numSequences: 6, numPrompts: 2 };
    const step = async (count: number) => {
      const before = live.movedBytes;
      await live.differentiate(sequences, totals, { signal: undefined, lossScale: 1 });
      const { optimizer } = options;
      await live.update({ ...optimizer, learningRate: 1e-2, gradientScale: 1, step: count });
      await live.updateMomentum(0.9);
      return live.movedBytes - before;
    };
    await step(1); // brings the rotary tables
    const moved = await step(2);
    const before = live.movedBytes;
    const { policy } = await live.weights();
    await live.close();
    const weights = 4 * numParameters(model);
    expect(live.movedBytes - before).toBe(2 * weights);
    expect(policy.length).toBe(numParameters(model));
    expect(weights).toBeGreaterThan(40_000);
    expect(moved).toBeLessThan(2000);
  },
  300_000,
);

test('layers are not recomputed on WebGPU', async () => {
  const { state, reference } = initOf('webgpu', null);
  const layers = { ...gradientOptions(options), recompute: 'layers' } as const;
  await expect(DeviceState.open({ model, state, reference }, layers)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('use recompute: none'),
  });
});
