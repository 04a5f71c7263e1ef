import {
  type GroupMember,
  type GroupVerdict,
  judgeQuestion,
  methods,
  type Role,
  rolloutCounts,
  selfCertainty,
  trajectoryEntropy,
} from '@mgrpo/algorithm';
import { answerOf } from '@mgrpo/answers';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { type RunConfig, requireOwnEngine } from '@mgrpo/config';
import { type AskedQuestion, type Question, questionsOfIteration } from '@mgrpo/datasets';
import { GenerationEngine, type Rollout, stopTokenIds } from '@mgrpo/generation';
import { chooseDevice } from '@mgrpo/runtime';
import { loadTokenizer, type Tokenizer } from '@mgrpo/tokenizer';
import {
  iterationSchedule,
  learnerNeeds,
  runTrainerInit,
  TrainingEngine,
  type TrainingSequence,
  type TrainStats,
} from '@mgrpo/training';
import { type GoldAnswers, type Problem, readProblems, readTraining } from './problems.ts';

/** One prompt's group: what was sampled, what it was asked, and the verdict. */
export interface StudiedGroup {
  readonly problem: Problem;
  readonly policy: readonly Rollout[];
  readonly verdict: GroupVerdict;
}

/** What an iteration did. */
export interface StudiedIteration {
  readonly iteration: number;
  readonly groups: readonly StudiedGroup[];
  readonly train: TrainStats;
  /** Wall time of sampling and judging, and of the step with fetching the new weights. */
  readonly seconds: { readonly generate: number; readonly train: number };
}

/**
 * A training run of one recipe in one process, iteration by iteration: no queue, no services, the same
 * functions and random numbers, and so the same weights.
 */
export class OneProcessRun {
  readonly #config: RunConfig;
  readonly #tokenizer: Tokenizer;
  readonly #questions: readonly Question[];
  readonly #gold: GoldAnswers;
  readonly #stopTokenIds: readonly number[];
  readonly #generation: GenerationEngine;
  readonly #training: TrainingEngine;
  #applied = 0;

  private constructor(
    config: RunConfig,
    parts: {
      tokenizer: Tokenizer;
      questions: readonly Question[];
      gold: GoldAnswers;
      stopTokenIds: readonly number[];
      generation: GenerationEngine;
      training: TrainingEngine;
    },
  ) {
    this.#config = config;
    this.#tokenizer = parts.tokenizer;
    this.#questions = parts.questions;
    this.#gold = parts.gold;
    this.#stopTokenIds = parts.stopTokenIds;
    this.#generation = parts.generation;
    this.#training = parts.training;
  }

  static async open(config: RunConfig): Promise<OneProcessRun> {
    requireOwnEngine(config, 'a study');
    const model = await loadModelFolder(config.model.path);
    const tokenizer = await loadTokenizer(config.model.path);
    const { questions, gold } = await readTraining(config, tokenizer);
    const { device } = await chooseDevice(config.rollout.device);
    const generation = await GenerationEngine.start({
      model: model.config,
      slots: config.deployment.rollout.slots,
      device,
      numTokens: tokenizer.vocabSize,
      quantisation: config.rollout.quantisation,
    });
    const learner = await chooseDevice(config.learner.device, learnerNeeds(config, model.config));
    const base = { ...model, weights: model.weights.slice() };
    const training = await TrainingEngine.start({
      ...runTrainerInit(config, base, null),
      device: learner.device,
    });
    const run = new OneProcessRun(config, {
      tokenizer,
      questions,
      gold,
      stopTokenIds: stopTokenIds(model.config, tokenizer),
      generation,
      training,
    });
    await run.#load(model.weights, model.weights);
    return run;
  }

  /** Whether answers stand after an arrow, and work before it. */
  get hasArrows(): boolean {
    return this.#config.answer.extractor === 'after-arrow';
  }

  /** Iterations applied. */
  get applied(): number {
    return this.#applied;
  }

  /** Generates, judges and trains on the next iteration, on-policy (`lag` 0). */
  async next(): Promise<StudiedIteration> {
    const { algorithm, seed, iterations } = this.#config;
    const iteration = this.#applied;
    const asked = questionsOfIteration(this.#questions, { seed, iteration, algorithm });
    const start = performance.now();
    const groups = (await Promise.all(asked.map((question) => this.#question(question)))).flat();
    const generated = performance.now();
    const train = await this.#training.step({
      prompts: groups.map(trainingSequences),
      ...iterationSchedule(iteration, iterations, algorithm),
    });
    const { policy, momentum } = await this.#training.weights();
    this.#applied += 1;
    await this.#load(policy, momentum);
    const seconds = {
      generate: (generated - start) / 1000,
      train: (performance.now() - generated) / 1000,
    };
    return { iteration, groups, train, seconds };
  }

  /** Responses of the present policy to each problem. @param temperature 0: greedy */
  async sample(
    problems: readonly Problem[],
    { temperature, samples }: { readonly temperature: number; readonly samples: number },
  ): Promise<Rollout[][]> {
    const { seed, sampling } = this.#config;
    const { maxResponseTokens } = sampling;
    const stopTokenIds = this.#stopTokenIds;
    const { weightVersion } = this.#stream('policy');
    return Promise.all(
      problems.map(({ tokens }, prompt) =>
        this.#generation.generate({
          stream: { seed, purpose: 'eval', iteration: this.#applied, prompt, role: 'policy' },
          promptTokens: tokens,
          firstRollout: 0,
          numRollouts: samples,
          weightVersion,
          sampling: { temperature, topP: 1, topK: 0, maxResponseTokens, stopTokenIds },
        }),
      ),
    );
  }

  /** The policy's present weights. */
  async weights(): Promise<Float32Array> {
    return (await this.#training.weights()).policy;
  }

  /** The problems of a prompts file, in the recipe's template. */
  problems(path: string): Promise<Problem[]> {
    return readProblems(path, this.#config, this.#tokenizer);
  }

  /** The text of a response. */
  text({ tokens }: Rollout): string {
    return this.#tokenizer.decode(tokens, { skipSpecial: true });
  }

  /** The canonical answer of a response, or null. */
  answer(rollout: Rollout): string | null {
    return answerOf(this.text(rollout), this.#config.answer.extractor);
  }

  async close(): Promise<void> {
    await this.#generation.close();
    await this.#training.close();
  }

  async #question({ prompts, gold }: AskedQuestion): Promise<StudiedGroup[]> {
    const counts = rolloutCounts(this.#config.algorithm);
    const sampled = await Promise.all(
      prompts.map(({ prompt, tokens }) =>
        Promise.all([
          this.#rollouts('policy', prompt, tokens, counts.policy),
          this.#rollouts('momentum', prompt, tokens, counts.momentum),
        ]),
      ),
    );
    const groups = sampled.map(([policy, momentum]) => [
      ...policy.map((rollout) => this.#member(rollout, 'policy')),
      ...momentum.map((rollout) => this.#member(rollout, 'momentum')),
    ]);
    const verdicts = judgeQuestion({ groups, gold }, this.#config.algorithm);
    const answer = this.#gold.of(prompts[0]!.tokens);
    return prompts.map(({ tokens }, i) => {
      const [policy] = sampled[i]!;
      return { problem: { tokens, answer }, policy, verdict: verdicts[i]! };
    });
  }

  async #rollouts(
    role: Role,
    prompt: number,
    promptTokens: Int32Array,
    numRollouts: number,
  ): Promise<Rollout[]> {
    if (numRollouts === 0) return [];
    const { seed, sampling, algorithm } = this.#config;
    const { needsSelfCertainty } = methods[algorithm.method];
    const { weightVersion } = this.#stream(role);
    return this.#generation.generate({
      stream: { seed, purpose: 'train', iteration: this.#applied, prompt, role },
      promptTokens,
      firstRollout: 0,
      numRollouts,
      weightVersion,
      sampling: {
        ...sampling,
        selfCertainty: needsSelfCertainty,
        stopTokenIds: this.#stopTokenIds,
      },
    });
  }

  #member(rollout: Rollout, role: Role): GroupMember {
    return {
      role,
      index: rollout.index,
      answer: this.answer(rollout),
      entropy: trajectoryEntropy(rollout.entropies, this.#config.algorithm.trajectoryEntropy),
      selfCertainty: rollout.selfCertainties && selfCertainty(rollout.selfCertainties),
      numTokens: rollout.tokens.length,
    };
  }

  /** Both roles share one engine here, so a role's version t is 2t or 2t + 1 there. */
  #stream(role: Role): { weightVersion: number } {
    return { weightVersion: 2 * this.#applied + (role === 'policy' ? 0 : 1) };
  }

  async #load(policy: Float32Array, momentum: Float32Array): Promise<void> {
    const old = this.#generation.versions();
    await this.#generation.setWeights(this.#stream('policy').weightVersion, policy);
    await this.#generation.setWeights(this.#stream('momentum').weightVersion, momentum);
    for (const version of old) await this.#generation.dropWeights(version);
  }
}

/** The sequences that a group trains on, as the learner reads them out of a batch. */
function trainingSequences({ problem, policy, verdict }: StudiedGroup): TrainingSequence[] {
  return verdict.members.flatMap(({ role, index, outcome }) => {
    if (role !== 'policy' || outcome.kind !== 'kept' || !outcome.trains) return [];
    const { tokens, logprobs } = policy[index]!;
    return [
      {
        promptTokens: problem.tokens,
        responseTokens: tokens,
        behaviourLogprobs: logprobs,
        advantage: outcome.advantage,
      },
    ];
  });
}
