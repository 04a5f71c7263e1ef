import { fileURLToPath } from 'node:url';
import { stepLoss, tokenImportance } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { globalNorm } from './adamw.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import { weightFeeds } from './model-feeds.ts';
import { openGradientPass } from './open-passes.ts';
import { readReferenceFolder } from './reference-folder.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import { Trainer } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import { gradientOptions, type TrainingOptions } from './training-options.ts';
import type { TrainingSequence } from './training-sequence.ts';

const folder = fileURLToPath(new URL('../../../test/fixtures/tiny-qwen3', import.meta.url));
const { config: model, weights, sequences } = await readReferenceFolder(folder);
const numTokens = sequences.reduce((sum, s) => sum + s.responseTokens.length, 0);
const totals = { numTokens, numSequences: sequences.length, numPrompts: 1 };

const options = (cap: number | null): TrainingOptions & { loss: { kind: 'policy' } } => ({
  loss: { ...policyLoss, importance: cap === null ? null : { cap }, klReference: 'initial' },
  optimizer: adamwOptions,
  adapter: null,
  temperature: 1.1,
  microbatchTokens: 1000,
  recompute: 'none',
});

/** Sequences whose sampler was another engine: it gave each token something else than the learner. */
function fromAnotherEngine(logprobs: readonly Float32Array[]): ReferencedSequence[] {
  return sequences.map((sequence, i) => {
    const proximal = logprobs[i]!.map((logprob, t) => logprob + 0.05 * Math.cos(7 * t + i));
    const behaviour = proximal.map((logprob, t) => logprob - Math.sin(3 * t + i));
    const importance = tokenImportance(proximal, behaviour, { cap: 1.5 });
    return { ...sequence, behaviourLogprobs: behaviour, importance };
  });
}

test('loss and gradient with importance weights are those of the formula', async () => {
  const settings = options(1.5);
  const pass = await openGradientPass(model, gradientOptions(settings));
  const flat = weights.slice();
  // Views of the flat weights, so that the pass sees them move.
  const feeds = weightFeeds(model, flat);
  const { scores } = await pass.run(feeds, sequences, totals);
  const given = fromAnotherEngine(scores.map(({ logprobs }) => logprobs.slice()));
  const all = given.flatMap(({ importance }) => Array.from(importance!.weights));
  expect(all).toContain(1.5);
  expect(Math.min(...all)).toBeLessThan(0.5);

  const formula = (of: typeof scores) =>
    stepLoss(
      given.map((sequence, i) => ({ ...sequence, logprobs: of[i]!.logprobs })),
      totals,
      settings.loss,
    ).loss;
  const { loss, gradient, scores: scored } = await pass.run(feeds, given, totals);
  expect(Math.abs(loss - formula(scored))).toBeLessThan(1e-6);
  const norm = globalNorm(gradient);
  const direction = gradient.map((g) => g / norm);
  const lossAt = async (distance: number): Promise<number> => {
    for (const [i, d] of direction.entries()) flat[i] = weights[i]! + distance * d;
    // In float64 from float32 logprobs.
    return formula((await pass.run(feeds, given, totals)).scores);
  };
  const slope = ((await lossAt(1e-3)) - (await lossAt(-1e-3))) / 2e-3;
  expect(Math.abs(slope - norm)).toBeLessThan(0.01 * norm);
  await pass.close();
});

async function trained(cap: number | null, behaviour: readonly Float32Array[], numSteps: number) {
  const trainer = await Trainer.open({
    model,
    options: options(cap),
    state: initialTrainerState(weights.slice()),
    reference: weights,
    now: () => 0,
  });
  const prompts = sequences.map((sequence, i): TrainingSequence[] => [
    { ...sequence, advantage: i % 2 === 0 ? 1 : -1, behaviourLogprobs: behaviour[i]! },
  ]);
  const learningRates = new Array<number>(numSteps).fill(1e-2);
  const stats = await trainer.step({ prompts, learningRates, momentumCoefficients: [0.9] });
  const state: TrainerState = await trainer.snapshot();
  const scores = await trainer.score(sequences, 'reference');
  await trainer.close();
  if (stats.kind !== 'trained') throw new Error('expected a trained iteration');
  return { state, steps: stats.steps, logprobs: scores.map(({ logprobs }) => logprobs) };
}

test('a sampler that agrees with the learner gives the bits of a run without weights', async () => {
  const { logprobs } = await trained(
    null,
    sequences.map((s) => s.behaviourLogprobs),
    1,
  );
  const without = await trained(null, logprobs, sequences.length);
  const weighted = await trained(2, logprobs, sequences.length);
  expect(weighted.state).toEqual(without.state);
  expect(weighted.steps[0]!.policy!.importance).toEqual({ mean: 1, truncated: 0 });
  expect(without.steps[0]!.policy!.importance).toBeNull();
});

test('every step of an iteration weighs by the policy from before the first one', async () => {
  const { logprobs } = await trained(
    null,
    sequences.map((s) => s.behaviourLogprobs),
    1,
  );
  const behaviour = logprobs.map((of) => of.map((logprob) => logprob - Math.log(1.25)));
  const { steps, state } = await trained(2, behaviour, sequences.length);
  expect(steps.length).toBe(sequences.length);
  for (const { policy } of steps) {
    expect(policy!.importance!.mean).toBeCloseTo(1.25, 5);
    expect(policy!.logprobGap).toBeCloseTo(Math.log(1.25), 5);
  }
  const capped = await trained(1.1, behaviour, sequences.length);
  expect(capped.steps[0]!.policy!.importance).toMatchObject({ truncated: 1 });
  expect(capped.state.policy).not.toEqual(state.policy);
});
