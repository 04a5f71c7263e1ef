import { emaStep, type StepTotals, type TokenImportance, tokenImportance } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import { type ModelConfig, numParameters } from '@mgrpo/model';
import type { Device } from '@mgrpo/runtime';
import { adamwStep, clipCoefficient, globalNorm } from './adamw.ts';
import type { GradientPass, ReferencedSequence } from './gradient-pass.ts';
import { type Feeds, weightFeeds } from './model-feeds.ts';
import { type NotFinite, notFinite } from './not-finite.ts';
import { openGradientPass, openScorer } from './open-passes.ts';
import { PhaseClock } from './phase-clock.ts';
import type { TokenScorer } from './scorer.ts';
import { type StoredReference, StoredWeights } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import {
  mean,
  policyStats,
  type SkippedStep,
  type StepStats,
  type TrainStats,
} from './train-stats.ts';
import { numTrained, openTrainedPart, type TrainedPart } from './trained-part.ts';
import type { TrainerState } from './trainer-state.ts';
import {
  carriesGradient,
  checkSequences,
  cutPrompts,
  placesOf,
  type TrainingBatch,
  totalsOf,
} from './training-batch.ts';
import { gradientOptions, type TrainingOptions } from './training-options.ts';
import type { ScoredSequence, TrainingSequence } from './training-sequence.ts';

export interface TrainerInit {
  readonly model: ModelConfig;
  readonly options: TrainingOptions;
  /** Taken over and updated in place. */
  readonly state: TrainerState;
  /** The frozen initial policy; needed where the KL reference is `initial`, and in memory under an adapter. */
  readonly reference: Float32Array | StoredReference | null;
  /** What computes logprobs and gradients; the optimiser and the EMA are the processor's. Default: the CPU. */
  readonly device?: Device;
  /** Milliseconds, for the statistics only. */
  readonly now: () => number;
}

/** Whose weights score tokens. */
export type ScoringWeights = 'policy' | 'momentum' | 'reference';

/**
 * Gradients, clipping, AdamW and EMA of one model, in the thread that calls it.
 *
 * The same calls on the same state give the same bits: microbatches, sums and updates have a fixed order.
 */
export class Trainer {
  readonly #init: TrainerInit;
  readonly #trained: TrainedPart;
  readonly #gradients: GradientPass;
  readonly #weights: Readonly<Record<ScoringWeights, Feeds | StoredWeights>>;
  #scorer: TokenScorer | undefined;
  #optimizerSteps: number;
  #isTorn = false;

  private constructor(init: TrainerInit, trained: TrainedPart, gradients: GradientPass) {
    const { model, state, reference } = init;
    this.#init = init;
    this.#trained = trained;
    this.#gradients = gradients;
    this.#optimizerSteps = state.optimizerSteps;
    this.#weights = {
      policy: weightFeeds(model, state.policy),
      momentum: weightFeeds(model, state.momentum),
      reference: referenceWeights(model, reference),
    };
  }

  /** @throws MgrpoError INVALID_MODEL when an array has the wrong length. */
  static async open(init: TrainerInit): Promise<Trainer> {
    const { model, options, state, reference } = init;
    if (options.loss.kind === 'policy' && options.loss.klReference === 'initial' && !reference) {
      throw new MgrpoError('INTERNAL', 'the KL reference "initial" needs the initial weights');
    }
    const { policy, momentum, firstMoment, secondMoment } = state;
    const held = reference instanceof Float32Array ? [reference] : [];
    requireLength(numParameters(model), [policy, momentum, ...held]);
    const trained = state.adapter ?? policy;
    requireLength(numTrained(model, options.adapter), [trained, firstMoment, secondMoment]);
    return new Trainer(
      init,
      await openTrainedPart(init, options.adapter),
      await openGradientPass(model, gradientOptions(options), init.device),
    );
  }

  /** Trains on one iteration: optimiser steps over its minibatches, and EMA. */
  async step(batch: TrainingBatch, signal?: AbortSignal): Promise<TrainStats> {
    this.#requireWhole();
    const minibatches = cutPrompts(batch);
    const all = batch.prompts.flat();
    const { loss } = this.#init.options;
    checkSequences(all, loss);
    if (all.every(({ advantage }) => advantage === 0)) {
      const { numTokens, numSequences } = totalsOf(batch.prompts);
      return { kind: 'no-signal', numTokens, numSequences };
    }
    const clock = new PhaseClock(this.#init.now);
    // All references come first: a momentum reference is the momentum model of the iteration's start.
    const carrying = minibatches.map((prompts) =>
      prompts.flat().filter((s) => carriesGradient(s, loss)),
    );
    const references = await this.#referenceLogprobs(carrying.flat(), signal);
    const importances = await this.#importances(carrying.flat(), signal);
    clock.charge('reference');

    const steps: StepStats[] = [];
    const skipped: SkippedStep[] = [];
    let skippedAtEnd = 0;
    const places = placesOf(batch);
    for (const [k, prompts] of minibatches.entries()) {
      const totals = totalsOf(prompts);
      const sequences = carrying[k]!.map((s) => ({
        ...s,
        referenceLogprobs: references.shift()!,
        importance: importances.shift()!,
      }));
      if (sequences.length > 0) {
        const rate = batch.learningRates[k]!;
        const step = await this.#optimizerStep(sequences, totals, rate, clock, signal);
        if (step.kind === 'made') {
          steps.push(step.stats);
          skippedAtEnd = 0;
        } else {
          skippedAtEnd += 1;
          const named = step.culprits.map((index) => places.get(carrying[k]![index]!)!);
          skipped.push({ step: k, what: step.what, sequences: named });
        }
      }
      const isStill = skipped.at(-1)?.step === k;
      this.#updateMomentum(batch.momentumCoefficients, k, {
        numSteps: minibatches.length,
        isStill,
        hasMoved: steps.length > 0 || skipped.length === 0,
      });
      clock.charge('update');
    }
    this.#isTorn = false;
    return { kind: 'trained', steps, skipped, skippedAtEnd, seconds: clock.seconds };
  }

  async #optimizerStep(
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    learningRate: number,
    clock: PhaseClock,
    signal: AbortSignal | undefined,
  ): Promise<{ kind: 'made'; stats: StepStats } | NotFinite> {
    const { options, state } = this.#init;
    const result = await this.#gradients.run(this.#trained.feeds, sequences, totals, signal);
    clock.charge('gradients');
    const norm = globalNorm(result.gradient);
    const bad = notFinite(result, norm, sequences);
    if (bad !== null) return bad;
    this.#isTorn = true;
    this.#optimizerSteps += 1;
    adamwStep({ ...state, weights: this.#trained.weights }, result.gradient, {
      ...options.optimizer,
      learningRate,
      gradientScale: clipCoefficient(norm, options.optimizer.maxGradientNorm),
      step: this.#optimizerSteps,
    });
    await this.#trained.updatePolicy();
    const stats = {
      loss: result.loss,
      gradientNorm: norm,
      entropy: mean(result.scores.flatMap(({ entropies }) => [...entropies])),
      numTokens: totals.numTokens,
      numSequences: totals.numSequences,
      policy: this.#policyStats(sequences, result.scores, totals),
    };
    return { kind: 'made', stats };
  }

  #policyStats(
    sequences: readonly ReferencedSequence[],
    scores: readonly TokenScores[],
    totals: StepTotals,
  ): StepStats['policy'] {
    const { loss } = this.#init.options;
    if (loss.kind === 'supervised') return null;
    const hasReference = loss.klReference !== 'none';
    const scored = sequences.map((sequence, i) => ({
      advantage: sequence.advantage,
      logprobs: scores[i]!.logprobs,
      behaviourLogprobs: sequence.behaviourLogprobs,
      referenceLogprobs: hasReference ? sequence.referenceLogprobs : null,
      importance: sequence.importance,
    }));
    return policyStats(scored, totals, loss);
  }

  /**
   * EMA after the last step of the iteration, or after each where there are as many coefficients as steps. What
   * follows a skipped step is as if there had been none: no EMA either, of that step or of an iteration of such.
   */
  #updateMomentum(
    coefficients: readonly number[],
    k: number,
    { numSteps, isStill, hasMoved }: { numSteps: number; isStill: boolean; hasMoved: boolean },
  ): void {
    const { momentum, policy } = this.#init.state;
    const isPerStep = coefficients.length === numSteps;
    const isDue = isPerStep ? !isStill : k === numSteps - 1 && hasMoved;
    const m = isPerStep ? coefficients[k] : coefficients[0];
    if (!isDue || m === undefined) return;
    this.#isTorn = true;
    emaStep(momentum, policy, m);
  }

  async #referenceLogprobs(
    sequences: readonly TrainingSequence[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const { loss } = this.#init.options;
    if (loss.kind === 'supervised' || loss.klReference === 'none') {
      return sequences.map(() => new Float32Array(0));
    }
    const weights = loss.klReference === 'initial' ? 'reference' : 'momentum';
    const scores = await this.score(sequences, weights, signal);
    return scores.map(({ logprobs }) => logprobs);
  }

  /** By the policy before the iteration's first step, for all of its steps. */
  async #importances(
    sequences: readonly TrainingSequence[],
    signal: AbortSignal | undefined,
  ): Promise<(TokenImportance | null)[]> {
    const { loss } = this.#init.options;
    if (loss.kind === 'supervised' || loss.importance === null) return sequences.map(() => null);
    const { importance } = loss;
    const scores = await this.score(sequences, 'policy', signal);
    return scores.map(({ logprobs }, i) =>
      tokenImportance(logprobs, sequences[i]!.behaviourLogprobs, importance),
    );
  }

  /** Logprobs and entropies of given tokens at the training temperature. */
  async score(
    sequences: readonly ScoredSequence[],
    weights: ScoringWeights,
    signal?: AbortSignal,
  ): Promise<TokenScores[]> {
    if (weights === 'reference' && this.#init.reference === null) {
      throw new MgrpoError('INTERNAL', 'this trainer was opened without reference weights');
    }
    const { model, options, device } = this.#init;
    this.#scorer ??= await openScorer(model, options.recompute, device);
    return this.#scorer.score(this.#weights[weights], sequences, { ...options, signal });
  }

  /** Copies of everything that training changes. */
  snapshot(): TrainerState {
    this.#requireWhole();
    const { policy, momentum, adapter, firstMoment, secondMoment } = this.#init.state;
    return {
      policy: policy.slice(),
      momentum: momentum.slice(),
      adapter: adapter?.slice() ?? null,
      firstMoment: firstMoment.slice(),
      secondMoment: secondMoment.slice(),
      optimizerSteps: this.#optimizerSteps,
    };
  }

  /** Copies of the two models: what is published after an iteration. */
  weights(): Pick<TrainerState, 'policy' | 'momentum'> {
    this.#requireWhole();
    const { policy, momentum } = this.#init.state;
    return { policy: policy.slice(), momentum: momentum.slice() };
  }

  async close(): Promise<void> {
    await this.#trained.close();
    await this.#gradients.close();
    await this.#scorer?.close();
  }

  /** A step that was cancelled or failed midway may have changed some of the state. */
  #requireWhole(): void {
    if (!this.#isTorn) return;
    const remedy = 'open a new one from the last checkpoint and the journal';
    throw new MgrpoError('INTERNAL', `this trainer stopped in the middle of a step; ${remedy}`);
  }
}

function referenceWeights(
  model: ModelConfig,
  reference: TrainerInit['reference'],
): Feeds | StoredWeights {
  if (reference === null) return {};
  if (reference instanceof Float32Array) return weightFeeds(model, reference);
  return new StoredWeights(model, reference);
}

/** @throws MgrpoError INVALID_MODEL */
function requireLength(expected: number, arrays: readonly Float32Array[]): void {
  const wrong = arrays.find(({ length }) => length !== expected);
  if (wrong === undefined) return;
  const message = `trainer state of ${wrong.length} numbers where the model has ${expected}`;
  throw new MgrpoError('INVALID_MODEL', message);
}
