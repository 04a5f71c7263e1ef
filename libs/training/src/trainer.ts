import { type StepTotals, type TokenImportance, tokenImportance } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import { numParameters } from '@mgrpo/model';
import { clipCoefficient } from './adamw.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import {
  type LiveState,
  openLiveState,
  type ScoringWeights,
  type StateInit,
} from './live-state.ts';
import { initialLossScale, isOverflow, type LossScale, nextLossScale } from './loss-scale.ts';
import { type NotFinite, notFinite } from './not-finite.ts';
import { PhaseClock } from './phase-clock.ts';
import type { TokenScores } from './token-scores.ts';
import {
  mean,
  policyStats,
  type SkippedStep,
  type StepStats,
  type TrainStats,
} from './train-stats.ts';
import { numTrained } from './trained-part.ts';
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

export interface TrainerInit extends StateInit {
  readonly options: TrainingOptions;
  /** Milliseconds, for the statistics only. */
  readonly now: () => number;
}

/**
 * Gradients, clipping, AdamW and EMA of one model, in the thread that calls it.
 *
 * The same calls on the same state give the same bits: microbatches, sums and updates have a fixed order.
 */
export class Trainer {
  readonly #options: TrainingOptions;
  readonly #hasReference: boolean;
  readonly #now: () => number;
  readonly #state: LiveState;
  #optimizerSteps: number;
  /** Null in float32. */
  #lossScale: LossScale | null;
  #isTorn = false;

  private constructor({ options, now }: TrainerInit, opened: OpenedState) {
    this.#options = options;
    this.#hasReference = opened.hasReference;
    this.#now = now;
    this.#state = opened.state;
    this.#optimizerSteps = opened.optimizerSteps;
    this.#lossScale = opened.lossScale;
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
    const opened = await openLiveState(init, gradientOptions(options));
    return new Trainer(init, {
      state: opened,
      hasReference: reference !== null,
      optimizerSteps: state.optimizerSteps,
      lossScale: options.compute === 'float16' ? (state.lossScale ?? initialLossScale) : null,
    });
  }

  /** Trains on one iteration: optimiser steps over its minibatches, and EMA. */
  async step(batch: TrainingBatch, signal?: AbortSignal): Promise<TrainStats> {
    this.#requireWhole();
    const minibatches = cutPrompts(batch);
    const all = batch.prompts.flat();
    const { loss } = this.#options;
    checkSequences(all, loss);
    if (all.every(({ advantage }) => advantage === 0)) {
      const { numTokens, numSequences } = totalsOf(batch.prompts);
      return { kind: 'no-signal', numTokens, numSequences };
    }
    const clock = new PhaseClock(this.#now);
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
          if (step.what !== 'loss-scale') skippedAtEnd += 1;
          const named = step.culprits.map((index) => places.get(carrying[k]![index]!)!);
          skipped.push({ step: k, what: step.what, sequences: named });
        }
      }
      const isStill = skipped.at(-1)?.step === k;
      await this.#updateMomentum(batch.momentumCoefficients, k, {
        numSteps: minibatches.length,
        isStill,
        hasMoved: steps.length > 0 || skipped.length === 0,
      });
      clock.charge('update');
    }
    this.#isTorn = false;
    const lossScale = this.#lossScale?.scale ?? null;
    return { kind: 'trained', steps, skipped, skippedAtEnd, lossScale, seconds: clock.seconds };
  }

  async #optimizerStep(
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    learningRate: number,
    clock: PhaseClock,
    signal: AbortSignal | undefined,
  ): Promise<{ kind: 'made'; stats: StepStats } | SkippedGradient> {
    const { optimizer } = this.#options;
    const lossScale = this.#lossScale?.scale ?? 1;
    const result = await this.#state.differentiate(sequences, totals, { signal, lossScale });
    clock.charge('gradients');
    const norm = result.norm / lossScale;
    const bad = this.#judge(notFinite(result, norm, sequences));
    if (bad !== null) return bad;
    this.#isTorn = true;
    this.#optimizerSteps += 1;
    await this.#state.update({
      ...optimizer,
      learningRate,
      gradientScale: clipCoefficient(norm, optimizer.maxGradientNorm) / lossScale,
      step: this.#optimizerSteps,
    });
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

  /** What speaks against a step, after which the loss scale is that of the next one. */
  #judge(bad: NotFinite | null): SkippedGradient | null {
    if (this.#lossScale === null) return bad;
    const isScales = bad !== null && isOverflow(bad.what, this.#lossScale);
    const outcome = bad === null ? 'made' : isScales ? 'overflowed' : 'skipped';
    this.#isTorn = true;
    this.#lossScale = nextLossScale(this.#lossScale, outcome);
    return isScales ? { ...bad, what: 'loss-scale' } : bad;
  }

  #policyStats(
    sequences: readonly ReferencedSequence[],
    scores: readonly TokenScores[],
    totals: StepTotals,
  ): StepStats['policy'] {
    const { loss } = this.#options;
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
  async #updateMomentum(
    coefficients: readonly number[],
    k: number,
    { numSteps, isStill, hasMoved }: { numSteps: number; isStill: boolean; hasMoved: boolean },
  ): Promise<void> {
    const isPerStep = coefficients.length === numSteps;
    const isDue = isPerStep ? !isStill : k === numSteps - 1 && hasMoved;
    const m = isPerStep ? coefficients[k] : coefficients[0];
    if (!isDue || m === undefined) return;
    this.#isTorn = true;
    await this.#state.updateMomentum(m);
  }

  async #referenceLogprobs(
    sequences: readonly TrainingSequence[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const { loss } = this.#options;
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
    const { loss } = this.#options;
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
    if (weights === 'reference' && !this.#hasReference) {
      throw new MgrpoError('INTERNAL', 'this trainer was opened without reference weights');
    }
    return this.#state.score(sequences, weights, { ...this.#options, signal });
  }

  /** Copies of everything that training changes. */
  async snapshot(): Promise<TrainerState> {
    this.#requireWhole();
    const arrays = await this.#state.arrays();
    return { ...arrays, optimizerSteps: this.#optimizerSteps, lossScale: this.#lossScale };
  }

  /** Copies of the two models: what is published after an iteration. */
  async weights(): Promise<Pick<TrainerState, 'policy' | 'momentum'>> {
    this.#requireWhole();
    return this.#state.weights();
  }

  close(): Promise<void> {
    return this.#state.close();
  }

  /** A step that was cancelled or failed midway may have changed some of the state. */
  #requireWhole(): void {
    if (!this.#isTorn) return;
    const remedy = 'open a new one from the last checkpoint and the journal';
    throw new MgrpoError('INTERNAL', `this trainer stopped in the middle of a step; ${remedy}`);
  }
}

/** A step that is not made. */
type SkippedGradient = Omit<NotFinite, 'what'> & Pick<SkippedStep, 'what'>;

interface OpenedState {
  readonly state: LiveState;
  readonly hasReference: boolean;
  readonly optimizerSteps: number;
  readonly lossScale: LossScale | null;
}

/** @throws MgrpoError INVALID_MODEL */
function requireLength(expected: number, arrays: readonly Float32Array[]): void {
  const wrong = arrays.find(({ length }) => length !== expected);
  if (wrong === undefined) return;
  const message = `trainer state of ${wrong.length} numbers where the model has ${expected}`;
  throw new MgrpoError('INVALID_MODEL', message);
}
