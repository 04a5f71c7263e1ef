import { parameterSpecs, weightArrays } from '@mgrpo/model';
import type { Device, Feeds } from '@mgrpo/runtime';
import { type AdamwOptions, clipCoefficient, globalNorm } from './adamw.ts';
import { DeviceTensors } from './device-tensors.ts';
import { type LiveState, openLiveState } from './live-state.ts';
import { weightFeeds } from './model-feeds.ts';
import type { Recompute } from './recompute.ts';
import { type PerToken, type ReferenceFolder, readReferenceFolder } from './reference-folder.ts';
import { Scorer } from './scorer.ts';
import { initialTrainerState } from './trainer-state.ts';
import type { GradientOptions } from './training-options.ts';

/** Largest differences between our numbers and PyTorch's. */
export interface ReferenceComparison {
  /** Absolute, over all positions stored. */
  readonly logits: number;
  /** Absolute, over response tokens at every temperature stored. */
  readonly logprobs: number;
  readonly entropies: number;
  /** Absolute, of the loss before the first, second and third step. */
  readonly loss: number;
  /** L2 norm of a tensor's difference over the L2 norm of its gradient; the worst tensor. */
  readonly gradients: number;
  /**
   * After one AdamW step: the largest absolute difference of a parameter with |gradient| > 1e-6, or ten times
   * the RMS difference over all parameters, whichever is larger. Where gradients are smaller AdamW divides
   * rounding by rounding: PyTorch itself is 1e-4 from float64 at single elements there.
   */
  readonly afterStep: number;
  /** The same after three steps; |gradient| > 1e-6 in every one of them. */
  readonly afterThreeSteps: number;
  /** Whether every greedy continuation has the same tokens. */
  readonly greedyEqual: boolean;
}

/** The largest differences that pass (issue: part B). */
export const referenceTolerances: Readonly<Omit<ReferenceComparison, 'greedyEqual'>> = {
  logits: 2e-5,
  logprobs: 2e-5,
  entropies: 2e-5,
  loss: 1e-5,
  gradients: 1e-5,
  afterStep: 1e-5,
  afterThreeSteps: 1e-5,
};

/** Below it AdamW's first updates are `lr × g / (|g| + eps)` of a g that is mostly rounding. */
const smallGradient = 1e-6;

/** The names of the comparisons that are out of tolerance. */
export function outOfTolerance(comparison: ReferenceComparison): string[] {
  const failed: string[] = Object.entries(referenceTolerances)
    .filter(([name, limit]) => !(Number(comparison[name as keyof ReferenceComparison]) <= limit))
    .map(([name]) => name);
  return comparison.greedyEqual ? failed : [...failed, 'greedyEqual'];
}

/** How a comparison computes what it compares. */
interface ComparedPath {
  /** Of logprobs and gradients; logits and greedy texts are the score graph's. */
  readonly recompute: Recompute;
  readonly device: Device;
}

/**
 * Runs a model folder's batch through our graphs and optimiser and compares with what PyTorch stored there.
 *
 * @throws MgrpoError INVALID_INPUT or INVALID_MODEL when the folder is not of `make_fixtures.py`'s form.
 */
export async function compareWithReference(
  folder: string,
  path: Partial<ComparedPath> = {},
): Promise<ReferenceComparison> {
  const { recompute = 'none', device = 'cpu' } = path;
  const reference = await readReferenceFolder(folder);
  const { config, weights } = reference;
  const scorer = await Scorer.open(config, device);
  const placed =
    device === 'webgpu' ? await DeviceTensors.upload(weightArrays(config, weights)) : null;
  const feeds = placed?.feeds ?? weightFeeds(config, weights);
  try {
    return {
      logits: await compareLogits(reference, scorer, feeds),
      ...(await compareSteps(reference, { recompute, device })),
      greedyEqual: await compareGreedy(reference, scorer, feeds),
    };
  } finally {
    await placed?.close();
    await scorer.close();
  }
}

async function compareLogits(
  { sequences, json }: ReferenceFolder,
  scorer: Scorer,
  feeds: Feeds,
): Promise<number> {
  let worst = 0;
  for (const { sequence, values } of json.logits) {
    const { promptTokens, responseTokens } = sequences[sequence]!;
    // Scored from the second token to one beyond the end, every position has its row.
    const tokens = [...promptTokens, ...responseTokens, 0];
    const logits = await scorer.logits(feeds, {
      promptTokens: Int32Array.from(tokens.slice(0, 1)),
      responseTokens: Int32Array.from(tokens.slice(1)),
    });
    worst = Math.max(worst, largestDifference(logits, values.flat()));
  }
  return worst;
}

async function compareScores(
  { sequences, json }: ReferenceFolder,
  live: LiveState,
): Promise<Pick<ReferenceComparison, 'logprobs' | 'entropies'>> {
  let logprobs = 0;
  let entropies = 0;
  for (const [temperature, expected] of Object.entries(json.temperatures)) {
    const options = { temperature: Number(temperature), microbatchTokens: wholeBatch };
    const scores = await live.score(sequences, 'policy', options);
    const worst = (ours: readonly Float32Array[], theirs: PerToken) =>
      Math.max(...ours.map((values, b) => largestDifference(values, theirs[b]!)));
    logprobs = Math.max(
      logprobs,
      worst(
        scores.map((s) => s.logprobs),
        expected.logprobs,
      ),
    );
    entropies = Math.max(
      entropies,
      worst(
        scores.map((s) => s.entropies),
        expected.entropies,
      ),
    );
  }
  return { logprobs, entropies };
}

/** PyTorch ran the batch in one piece. */
const wholeBatch = Number.MAX_SAFE_INTEGER;

/** Scores by the weights given, then three steps. */
async function compareSteps(
  reference: ReferenceFolder,
  { recompute, device }: ComparedPath,
): Promise<Omit<ReferenceComparison, 'logits' | 'greedyEqual'>> {
  const { config: model, weights, sequences, json } = reference;
  const state = initialTrainerState(weights.slice());
  const options = gradientOptionsOf(reference, recompute);
  const live = await openLiveState({ model, state, reference: null, device }, options);
  const numTokens = sequences.reduce((sum, s) => sum + s.responseTokens.length, 0);
  const totals = { numTokens, numSequences: sequences.length, numPrompts: sequences.length };
  const isLarge = new Uint8Array(weights.length).fill(1);
  const compared = { loss: 0, gradients: 0, afterStep: 0, afterThreeSteps: 0 };
  const scores = await compareScores(reference, live);
  for (const [k, { loss }] of json.steps.per_step.entries()) {
    const result = await live.differentiate(sequences, totals, { signal: undefined, lossScale: 1 });
    const gradient = await live.gradient();
    compared.loss = Math.max(compared.loss, Math.abs(result.loss - loss));
    if (k === 0) compared.gradients = compareGradients(reference, gradient);
    for (const [i, g] of gradient.entries()) if (!(Math.abs(g) > smallGradient)) isLarge[i] = 0;
    await live.update(adamwOptionsOf(reference, result.norm, k + 1));
    if (k > 0) continue;
    const { policy } = await live.weights();
    compared.afterStep = compareWeights(policy, reference.afterStep, isLarge);
  }
  const { policy } = await live.weights();
  compared.afterThreeSteps = compareWeights(policy, reference.afterThreeSteps, isLarge);
  await live.close();
  return { ...scores, ...compared };
}

/** The fixtures' objective: no limit on the KL estimate, and KL to logprobs that are stored. */
function gradientOptionsOf(
  { json: { hyper } }: ReferenceFolder,
  recompute: Recompute,
): GradientOptions {
  return {
    loss: {
      kind: 'clipped',
      clipRatio: hyper.clip_ratio,
      klCoefficient: hyper.kl_coef,
      maxKlEstimate: Number.POSITIVE_INFINITY,
    },
    aggregation: 'token-mean',
    layout: 'padded',
    temperature: hyper.objective_temperature,
    microbatchTokens: wholeBatch,
    recompute,
    adapter: null,
  };
}

function adamwOptionsOf(
  { json: { hyper } }: ReferenceFolder,
  gradientNorm: number,
  step: number,
): AdamwOptions {
  return {
    learningRate: hyper.lr,
    beta1: hyper.betas[0],
    beta2: hyper.betas[1],
    epsilon: hyper.eps,
    weightDecay: hyper.weight_decay,
    gradientScale: clipCoefficient(gradientNorm, hyper.max_grad_norm),
    step,
  };
}

function compareGradients({ config, gradients }: ReferenceFolder, ours: Float32Array): number {
  const errors = parameterSpecs(config).map(({ offset, size }) => {
    const theirs = gradients.subarray(offset, offset + size);
    const difference = theirs.map((value, i) => ours[offset + i]! - value);
    return globalNorm(difference) / globalNorm(theirs);
  });
  return Math.max(...errors);
}

function compareWeights(ours: Float32Array, theirs: Float32Array, isLarge: Uint8Array): number {
  let worst = 0;
  let sum = 0;
  for (const [i, value] of theirs.entries()) {
    const error = Math.abs(ours[i]! - value);
    if (isLarge[i] === 1) worst = Math.max(worst, error);
    sum += error * error;
  }
  return Math.max(worst, 10 * Math.sqrt(sum / theirs.length));
}

/** A plain repeated forward: what this compares must not depend on the generator. */
async function compareGreedy(
  { json }: ReferenceFolder,
  scorer: Scorer,
  feeds: Feeds,
): Promise<boolean> {
  for (const { prompt, continuation } of json.greedy) {
    const tokens = [...prompt];
    for (const expected of continuation) {
      const logits = await scorer.logits(feeds, {
        promptTokens: Int32Array.from(tokens),
        responseTokens: Int32Array.of(0),
      });
      if (logits.indexOf(Math.max(...logits)) !== expected) return false;
      tokens.push(expected);
    }
  }
  return true;
}

function largestDifference(ours: ArrayLike<number>, theirs: readonly number[]): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  return theirs.reduce((worst, value, i) => Math.max(worst, Math.abs(ours[i]! - value)), 0);
}
