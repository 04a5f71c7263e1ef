import { MgrpoError } from '@mgrpo/errors';
import type { AdapterOptions } from './adapter.ts';
import type { AdvantageOptions } from './advantage.ts';
import type { MomentumOptions, MomentumSchedule } from './ema.ts';
import type { FilterKind, FilterOptions } from './filter.ts';
import type { OptimizerOptions } from './learning-rate.ts';
import type { KlReference, LossOptions } from './loss.ts';
import { type MethodName, methods } from './methods.ts';
import { type GroupOptions, type RolloutCounts, requireCount } from './rollout-counts.ts';
import type { TrajectoryEntropyKind } from './trajectory-entropy.ts';

/** Everything the algorithm leaves to its user; `docs/algorithm.md` gives the reasons. */
export interface AlgorithmOptions extends GroupOptions {
  /** Which composition of generation, filter, vote and reward is run. */
  readonly method: MethodName;
  /** B: prompts of an iteration; a question and its rephrasing are two. Paper, Table 4: 8. */
  readonly promptsPerIteration: number;
  /** How token entropies become the trajectory entropy. The paper leaves it open. */
  readonly trajectoryEntropy: TrajectoryEntropyKind;
  readonly filter: FilterOptions;
  readonly advantage: AdvantageOptions;
  /** Null: every weight trains, as in the paper. */
  readonly adapter: AdapterOptions | null;
  readonly loss: LossOptions;
  readonly optimizer: OptimizerOptions;
  readonly momentum: MomentumOptions;
}

/** The paper's M-GRPO, and VeRL's values (which the authors' code runs with) where the paper is silent. */
export const defaultAlgorithmOptions: AlgorithmOptions = {
  method: 'mgrpo',
  promptsPerIteration: 8,
  groupSize: 32,
  momentumRollouts: null,
  trainedRollouts: null,
  trajectoryEntropy: 'mean',
  filter: { kind: null, k: 0.75, share: 0.1, fence: 'pooled', scope: 'vote-and-train' },
  advantage: { estimator: 'group', deviation: 'bessel', epsilon: 1e-6, baseline: 'kept' },
  adapter: null,
  loss: {
    clipRatio: 0.2,
    klCoefficient: 0.005,
    klReference: null,
    importance: null,
    aggregation: 'token-mean',
  },
  optimizer: {
    learningRate: 1e-6,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    maxGradientNorm: 1.0,
    schedule: 'cosine',
    warmupRatio: 0.1,
    warmup: 'linear',
    minibatchPrompts: null,
  },
  momentum: {
    coefficient: 0.99,
    schedule: null,
    finalCoefficient: 0.99999,
    every: 'iteration',
  },
};

/** How responses are sampled and cut: the paper's values (section 3 and Table 4). */
export const defaultSamplingOptions = {
  /** Logits are divided by this before sampling, and before every logprob and entropy. */
  temperature: 1.1,
  /** 1: no nucleus cut. */
  topP: 1,
  /** 0: no top-k cut. */
  topK: 0,
  /** A response cut here has finishReason `length` and is treated as any other. */
  maxResponseTokens: 3072,
} as const;

/** Longest prompt in tokens (paper, Table 4). */
export const defaultMaxPromptTokens = 512;

/** Temperature of evaluation (paper, Table 4). */
export const defaultEvaluationTemperature = 0.8;

/** M and N of a prompt and how many policy rollouts train; throws INVALID_CONFIG where they don't work out. */
export function rolloutCounts(options: GroupOptions & { method: MethodName }): RolloutCounts {
  return methods[options.method].counts(options);
}

/** The filter that is applied: the option, or else the method's own. */
export function filterKind(options: Pick<AlgorithmOptions, 'method' | 'filter'>): FilterKind {
  return options.filter.kind ?? methods[options.method].filter;
}

/** The KL reference that is used: the option, or else the method's own; `none` where no KL enters the loss. */
export function klReference(options: Pick<AlgorithmOptions, 'method' | 'loss'>): KlReference {
  const { klCoefficient, aggregation } = options.loss;
  if (klCoefficient === 0 || aggregation === 'eq3') return 'none';
  return options.loss.klReference ?? methods[options.method].klReference;
}

/** How m moves: by the option, or else as the method has it. */
export function momentumSchedule({
  method,
  momentum,
}: Pick<AlgorithmOptions, 'method' | 'momentum'>): MomentumSchedule {
  return { ...momentum, schedule: momentum.schedule ?? methods[method].momentumSchedule };
}

/** Questions of one iteration: B, or B/2 where each is asked with a rephrasing that votes on its label. */
export function questionsPerIteration({
  method,
  promptsPerIteration,
}: Pick<AlgorithmOptions, 'method' | 'promptsPerIteration'>): number {
  requireCount('promptsPerIteration', promptsPerIteration, 1);
  if (methods[method].labels.kind !== 'cross-vote') return promptsPerIteration;
  if (promptsPerIteration % 2 === 0) return promptsPerIteration / 2;
  throw new MgrpoError(
    'INVALID_CONFIG',
    `algorithm.promptsPerIteration ${promptsPerIteration} is odd, but method ${method} takes questions ` +
      'and their rephrasings, two prompts each; choose an even number',
  );
}

/** Optimiser steps of one iteration: 1, or B / minibatchPrompts. */
export function stepsPerIteration(
  options: Pick<AlgorithmOptions, 'promptsPerIteration' | 'optimizer'>,
): number {
  const { promptsPerIteration, optimizer } = options;
  requireCount('promptsPerIteration', promptsPerIteration, 1);
  if (optimizer.minibatchPrompts === null) return 1;
  requireCount('optimizer.minibatchPrompts', optimizer.minibatchPrompts, 1);
  const steps = promptsPerIteration / optimizer.minibatchPrompts;
  if (!Number.isInteger(steps)) {
    throw new MgrpoError(
      'INVALID_CONFIG',
      `algorithm.optimizer.minibatchPrompts ${optimizer.minibatchPrompts} does not divide ` +
        `algorithm.promptsPerIteration ${promptsPerIteration}; choose a divisor`,
    );
  }
  return steps;
}
