import { emaStep, type StepTotals } from '@mgrpo/algorithm';
import type { ModelConfig } from '@mgrpo/model';
import { type AdamwOptions, adamwStep, globalNorm } from './adamw.ts';
import type { GradientPass, ReferencedSequence } from './gradient-pass.ts';
import type { GradientScores, LiveState, ScoringWeights, StateInit } from './live-state.ts';
import type { StepControl } from './microbatch-runs.ts';
import { type Feeds, weightFeeds } from './model-feeds.ts';
import { type HostDevice, openGradientPass, openScorer } from './open-passes.ts';
import type { ScoreOptions, TokenScorer } from './scorer.ts';
import { StoredWeights } from './stored-weights.ts';
import type { TokenScores } from './token-scores.ts';
import { openTrainedPart, type TrainedPart } from './trained-part.ts';
import type { TrainerState } from './trainer-state.ts';
import type { GradientOptions } from './training-options.ts';
import type { ScoredSequence } from './training-sequence.ts';

type HostInit = StateInit & { readonly device: HostDevice };

/** State in flat arrays of this process, updated in place. */
export class HostState implements LiveState {
  readonly #init: HostInit;
  readonly #options: GradientOptions;
  readonly #trained: TrainedPart;
  readonly #gradients: GradientPass;
  readonly #weights: Readonly<Record<ScoringWeights, Feeds | StoredWeights>>;
  #scorer: TokenScorer | undefined;
  #gradient: Float32Array = new Float32Array(0);

  private constructor(
    init: HostInit,
    options: GradientOptions,
    parts: { trained: TrainedPart; gradients: GradientPass },
  ) {
    const { model, state, reference } = init;
    this.#init = init;
    this.#options = options;
    this.#trained = parts.trained;
    this.#gradients = parts.gradients;
    this.#weights = {
      policy: weightFeeds(model, state.policy),
      momentum: weightFeeds(model, state.momentum),
      reference: referenceWeights(model, reference),
    };
  }

  static async open(init: HostInit, options: GradientOptions): Promise<HostState> {
    const trained = await openTrainedPart(init, options.adapter);
    const gradients = await openGradientPass(init.model, options, init.device);
    return new HostState(init, options, { trained, gradients });
  }

  async differentiate(
    sequences: readonly ReferencedSequence[],
    totals: StepTotals,
    control: StepControl,
  ): Promise<GradientScores> {
    const { signal, lossScale } = control;
    const { feeds } = this.#trained;
    const result = await this.#gradients.run(feeds, sequences, totals, signal, lossScale);
    const { gradient, ...scores } = result;
    this.#gradient = gradient;
    return { ...scores, norm: globalNorm(gradient) };
  }

  async update(options: AdamwOptions): Promise<void> {
    const { state } = this.#init;
    adamwStep({ ...state, weights: this.#trained.weights }, this.#gradient, options);
    await this.#trained.updatePolicy();
  }

  async updateMomentum(coefficient: number): Promise<void> {
    const { momentum, policy } = this.#init.state;
    emaStep(momentum, policy, coefficient);
  }

  async score(
    sequences: readonly ScoredSequence[],
    weights: ScoringWeights,
    options: ScoreOptions,
  ): Promise<TokenScores[]> {
    const { model, device } = this.#init;
    this.#scorer ??= await openScorer(model, this.#options, device);
    return this.#scorer.score(this.#weights[weights], sequences, options);
  }

  async gradient(): Promise<Float32Array> {
    return this.#gradient.slice();
  }

  async weights(): Promise<Pick<TrainerState, 'policy' | 'momentum'>> {
    const { policy, momentum } = this.#init.state;
    return { policy: policy.slice(), momentum: momentum.slice() };
  }

  async arrays(): Promise<Omit<TrainerState, 'optimizerSteps' | 'lossScale'>> {
    const { adapter, firstMoment, secondMoment } = this.#init.state;
    return {
      ...(await this.weights()),
      adapter: adapter?.slice() ?? null,
      firstMoment: firstMoment.slice(),
      secondMoment: secondMoment.slice(),
    };
  }

  async close(): Promise<void> {
    await this.#trained.close();
    await this.#gradients.close();
    await this.#scorer?.close();
  }
}

function referenceWeights(
  model: ModelConfig,
  reference: StateInit['reference'],
): Feeds | StoredWeights {
  if (reference === null) return {};
  if (reference instanceof Float32Array) return weightFeeds(model, reference);
  return new StoredWeights(model, reference);
}
