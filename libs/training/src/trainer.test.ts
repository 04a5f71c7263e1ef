import { emaStep } from '@mgrpo/algorithm';
import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { adamwStep, clipCoefficient, globalNorm } from './adamw.ts';
import { weightFeeds } from './model-feeds.ts';
import { openGradientPass } from './open-passes.ts';
import { Scorer } from './scorer.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import { Trainer, type TrainerInit } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import type { TrainingBatch } from './training-batch.ts';
import { TrainingEngine } from './training-engine.ts';
import { gradientOptions, type TrainingLoss } from './training-options.ts';
import { supervisedSequence, type TrainingSequence } from './training-sequence.ts';

const model = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 18,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 48,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
});
const withKl = (klReference: 'initial' | 'momentum'): TrainingLoss => ({
  ...policyLoss,
  klReference,
});

/** A sequence of distinct tokens with a made-up advantage; behaviour logprobs are near those of chance. */
function sequence(index: number, advantage: number): TrainingSequence {
  const tokens = Array.from({ length: 5 + (index % 4) }, (_, i) => (3 * index + 5 * i) % 18);
  const responseTokens = Int32Array.from(tokens.slice(3));
  return {
    promptTokens: Int32Array.from(tokens.slice(0, 3)),
    responseTokens,
    behaviourLogprobs: new Float32Array(responseTokens.length).fill(-2.9),
    advantage,
  };
}

const group = (first: number, advantages: readonly number[]): TrainingSequence[] =>
  advantages.map((advantage, i) => sequence(first + i, advantage));
const batch = (prompts: TrainingBatch['prompts'], numSteps = 1): TrainingBatch => ({
  prompts,
  learningRates: new Array<number>(numSteps).fill(1e-2),
  momentumCoefficients: [0.9],
});
const signal = batch([group(0, [1, -1]), group(2, [0.5, 0.5, -1])]);

function init(loss: TrainingLoss = policyLoss, state?: TrainerState): Omit<TrainerInit, 'now'> {
  const initial = initialWeights(model, 7);
  return {
    model,
    options: {
      loss,
      optimizer: adamwOptions,
      temperature: 1.1,
      microbatchTokens: 24,
      recompute: 'none',
      adapter: null,
    },
    state: state ?? initialTrainerState(initial.slice()),
    reference: initial,
  };
}

const open = (...args: Parameters<typeof init>): Promise<Trainer> =>
  Trainer.open({ ...init(...args), now: () => 0 });

async function trained(loss: TrainingLoss, ...batches: TrainingBatch[]): Promise<TrainerState> {
  const trainer = await open(loss);
  for (const next of batches) await trainer.step(next);
  const state = await trainer.snapshot();
  await trainer.close();
  return state;
}

const distance = (a: Float32Array, b: Float32Array): number =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

test('a step is gradient, clipping and AdamW, to the bit', async () => {
  const { options, state } = init(withKl('initial'));
  const after = await trained(withKl('initial'), signal, signal);
  const pass = await openGradientPass(model, gradientOptions(options));
  const scorer = await Scorer.open(model);
  const sequences = signal.prompts.flat();
  const scores = await scorer.score(
    weightFeeds(model, initialWeights(model, 7)),
    sequences,
    options,
  );
  const referenced = sequences.map((s, i) => ({
    ...s,
    referenceLogprobs: scores[i]!.logprobs,
    importance: null,
  }));
  const numTokens = sequences.reduce((n, s) => n + s.responseTokens.length, 0);
  for (const step of [1, 2]) {
    const totals = { numTokens, numSequences: 5, numPrompts: 2 };
    const { gradient } = await pass.run(weightFeeds(model, state.policy), referenced, totals);
    const gradientScale = clipCoefficient(globalNorm(gradient), 1);
    const adamw = { ...adamwOptions, learningRate: 1e-2, gradientScale, step };
    adamwStep({ ...state, weights: state.policy }, gradient, adamw);
  }
  expect(after.policy).toEqual(state.policy);
  expect(after.secondMoment).toEqual(state.secondMoment);
  await pass.close();
  await scorer.close();
});

test('the statistics say what the step did', async () => {
  const trainer = await open(withKl('initial'));
  const stats = await trainer.step(signal);
  if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
  const [step] = stats.steps;
  const numTokens = signal.prompts.flat().reduce((n, s) => n + s.responseTokens.length, 0);
  expect(step).toMatchObject({ numTokens, numSequences: 5 });
  // The policy is the reference still, so KL is 0; its entropy is below that of chance, log 18.
  expect(step!.policy!.kl).toBeLessThan(1e-6);
  expect(step!.entropy).toBeGreaterThan(1.5);
  expect(step!.entropy).toBeLessThan(Math.log(18));
  expect(step!.policy!.logprobGap).toBeGreaterThan(0);
  expect(step!.policy!.logprobGapMax).toBeGreaterThan(step!.policy!.logprobGap);
  expect(step!.gradientNorm).toBeGreaterThan(0);
  expect(Math.abs(step!.loss - step!.policy!.policyLoss)).toBeLessThan(1e-5);
  await trainer.close();
});

test('an iteration without signal changes nothing at all, AdamW and EMA included', async () => {
  const trainer = await open(withKl('initial'));
  await trainer.step(signal);
  const before = await trainer.snapshot();
  const stats = await trainer.step(batch([group(0, [0, 0]), []]));
  expect(stats).toEqual({ kind: 'no-signal', numTokens: 5, numSequences: 2 });
  expect(await trainer.step(batch([[], []]))).toMatchObject({ kind: 'no-signal', numSequences: 0 });
  expect(await trainer.snapshot()).toEqual(before);
  await trainer.close();
});

test('zero-advantage sequences count in the mean without being computed', async () => {
  const normOf = async (advantages: readonly number[]): Promise<number> => {
    const trainer = await open();
    const stats = await trainer.step(batch([group(0, advantages)]));
    await trainer.close();
    return stats.kind === 'trained' ? stats.steps[0]!.gradientNorm : 0;
  };
  // Responses of 2 + 3 tokens, then 4 + 5 more.
  expect((await normOf([1, -1, 0, 0])) / (await normOf([1, -1]))).toBeCloseTo(5 / 14, 5);
});

test('minibatches are steps of their own, and a dropped one is left out', async () => {
  const trainer = await open();
  const prompts = [group(0, [1, -1]), [], group(2, [0.5, -0.5]), group(4, [1, 0])];
  const stats = await trainer.step({ ...batch(prompts, 4), learningRates: [1e-2, 1, 1e-2, 1e-2] });
  if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
  expect(stats.steps.map((step) => step.numSequences)).toEqual([2, 2, 2]);
  expect((await trainer.snapshot()).optimizerSteps).toBe(3);
  await expect(trainer.step(batch(prompts, 3))).rejects.toThrow("4 prompts can't be cut into 3");
  await trainer.close();
});

test('EMA follows once per iteration, or after every step', async () => {
  const prompts = [group(0, [1, -1]), group(2, [1, -1])];
  const initial = initialWeights(model, 7);
  const once = await trained(policyLoss, { ...batch(prompts, 2), momentumCoefficients: [0.9] });
  const expected = initial.slice();
  emaStep(expected, once.policy, 0.9);
  expect(once.momentum).toEqual(expected);
  const twice = await trained(policyLoss, {
    ...batch(prompts, 2),
    momentumCoefficients: [0.9, 0.9],
  });
  expect(twice.policy).toEqual(once.policy);
  expect(distance(twice.momentum, once.momentum)).toBeGreaterThan(0);
});

test('a momentum reference is that of the start of the iteration', async () => {
  const prompts = [group(0, [1, -1]), group(2, [1, -1])];
  const fast = { ...batch(prompts, 2), momentumCoefficients: [0, 0] };
  const slow = { ...batch(prompts, 2), momentumCoefficients: [1, 1] };
  const policies = [
    await trained(withKl('momentum'), fast),
    await trained(withKl('momentum'), slow),
  ];
  expect(policies[0]!.policy).toEqual(policies[1]!.policy);
});

test('training from a snapshot goes on to the same bits', async () => {
  const straight = await trained(withKl('initial'), signal, signal);
  const half = await trained(withKl('initial'), signal);
  const trainer = await open(withKl('initial'), half);
  await trainer.step(signal);
  expect(await trainer.snapshot()).toEqual(straight);
  await trainer.close();
});

test('a step cancelled before its first update leaves the trainer whole', async () => {
  const trainer = await open();
  const before = await trainer.snapshot();
  await expect(trainer.step(signal, AbortSignal.abort())).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(await trainer.snapshot()).toEqual(before);
  await trainer.close();
});

test('a trainer that stopped between two updates refuses to go on', async () => {
  // The clock is read after the references and after each gradient and update: the fourth ends the first step.
  const abort = new AbortController();
  let readings = 0;
  const now = () => {
    readings += 1;
    if (readings === 4) abort.abort();
    return 0;
  };
  const trainer = await Trainer.open({ ...init(), now });
  const two = batch([group(0, [1, -1]), group(2, [1, -1])], 2);
  await expect(trainer.step(two, abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(trainer.snapshot()).rejects.toThrow('stopped in the middle of a step');
  await trainer.close();
});

test('a step whose loss or gradient is not finite changes nothing and names its sequences', async () => {
  const trainer = await open(withKl('initial'));
  await trainer.step(signal);
  const before = await trainer.snapshot();
  const [good, bad] = [sequence(2, 0.5), { ...sequence(1, -1), advantage: Number.NaN }];
  const stats = await trainer.step(batch([[], [good, bad]]));
  expect(stats).toMatchObject({
    kind: 'trained',
    steps: [],
    skipped: [{ step: 0, what: 'loss', sequences: [{ prompt: 1, sequence: 1 }] }],
  });
  expect(await trainer.snapshot()).toEqual(before);
  await trainer.step(signal);
  expect(await trainer.snapshot()).toEqual(await trained(withKl('initial'), signal, signal));
  await trainer.close();
});

test('a gradient that overflows names its whole minibatch, and the other minibatches are steps', async () => {
  const huge = group(2, [3e38, -3e38]);
  const prompts = [group(0, [1, -1]), huge, group(4, [1, 0])];
  const trainer = await open();
  const stats = await trainer.step({ ...batch(prompts, 3), momentumCoefficients: [0.9, 0.9, 0.9] });
  if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
  expect(stats.steps.length).toBe(2);
  expect(stats.skipped).toMatchObject([
    {
      step: 1,
      sequences: [
        { prompt: 1, sequence: 0 },
        { prompt: 1, sequence: 1 },
      ],
    },
  ]);
  // As without it, momentum model included: two steps, and an EMA after each.
  const without = { ...batch([prompts[0]!, prompts[2]!], 2), momentumCoefficients: [0.9, 0.9] };
  expect(await trainer.snapshot()).toEqual(await trained(policyLoss, without));
  await trainer.close();
});

test('supervised training learns a sequence by heart', async () => {
  const trainer = await open({ kind: 'supervised' });
  const example = supervisedSequence(sequence(3, 0));
  const losses: number[] = [];
  for (let k = 0; k < 30; k++) {
    const stats = await trainer.step({ ...batch([[example]]), momentumCoefficients: [] });
    if (stats.kind === 'trained') losses.push(stats.steps[0]!.loss);
  }
  expect(losses[0]).toBeGreaterThan(1.5);
  expect(losses.at(-1)).toBeLessThan(0.1);
  const [scores] = await trainer.score([example], 'policy');
  expect(Math.exp(scores!.logprobs[0]!)).toBeGreaterThan(0.8);
  expect((await trainer.weights()).momentum).toEqual(initialWeights(model, 7));
  await trainer.close();
});

test('a state of another model is refused', async () => {
  await expect(open(policyLoss, initialTrainerState(new Float32Array(3)))).rejects.toMatchObject({
    code: 'INVALID_MODEL',
  });
});

test('a sequence that no model could have generated is refused', async () => {
  const trainer = await open();
  const none = new Int32Array(0);
  const fail = (s: TrainingSequence) => expect(trainer.step(batch([[s]]))).rejects;
  await fail({ ...sequence(0, 1), promptTokens: none }).toThrow('at least one prompt');
  await fail({ ...sequence(0, 1), responseTokens: none }).toThrow('one response token');
  await fail({ ...sequence(0, 1), behaviourLogprobs: new Float32Array(1) }).toThrow(
    '1 behaviour logprobs for 2 tokens',
  );
  await trainer.close();
});

test('a sequence beyond the position limit is refused with the remedy', async () => {
  const trainer = await open();
  const long = { ...sequence(0, 1), promptTokens: new Int32Array(70) };
  await expect(trainer.step(batch([[long]]))).rejects.toThrow('max_position_embeddings of 64');
  await trainer.close();
});

test('the engine thread has the bits of the trainer', async () => {
  const engine = await TrainingEngine.start(init(withKl('initial')));
  const [stats] = await Promise.all([engine.step(signal), engine.step(signal)]);
  expect(stats.kind).toBe('trained');
  const scores = await engine.scoreTokens(signal.prompts[0]!, 'momentum');
  expect(scores.map((s) => s.entropies.length)).toEqual([2, 3]);
  const expected = await trained(withKl('initial'), signal, signal);
  expect(await engine.snapshot()).toEqual(expected);
  expect((await engine.weights()).policy).toEqual(expected.policy);
  await engine.close();
  await engine.close();
});

test('large arrays move to the engine thread: there is one copy of them', async () => {
  const large = parseModelConfig({
    model_type: 'qwen3',
    vocab_size: 20_000,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    head_dim: 8,
    intermediate_size: 16,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
  });
  const initial = initialWeights(large, 7);
  const state = initialTrainerState(initial.slice());
  const engine = await TrainingEngine.start({ ...init(), model: large, state, reference: null });
  expect([state.policy.length, state.momentum.length]).toEqual([0, 0]);
  expect([state.firstMoment.length, state.secondMoment.length]).toEqual([0, 0]);
  expect((await engine.weights()).policy).toEqual(initial);
  await engine.close();
});
