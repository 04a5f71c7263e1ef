import { evidenceKind, methods } from '@mgrpo/algorithm';
import { canonicalAnswer } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import {
  type PromptTokenOptions,
  type Question,
  readEvaluationPrompts,
  readQuestions,
  tokenizePrompts,
} from '@mgrpo/datasets';
import { MgrpoError } from '@mgrpo/errors';
import { openPromptEncoder, type Tokenizer } from '@mgrpo/tokenizer';

/** A question as the study sees it: its gold answer is for measuring only. */
export interface Problem {
  readonly tokens: Int32Array;
  /** Canonical. */
  readonly answer: string;
}

/** The gold answers of a prompts file by prompt: what a study measures label-free training against. */
export class GoldAnswers {
  readonly #byTokens: ReadonlyMap<string, string>;
  readonly #path: string;

  constructor(path: string, problems: readonly Problem[]) {
    this.#path = path;
    this.#byTokens = new Map(problems.map(({ tokens, answer }) => [tokens.join(), answer]));
  }

  /** @throws INVALID_INPUT for a prompt whose row has no answer */
  of(tokens: Int32Array): string {
    const answer = this.#byTokens.get(tokens.join());
    if (answer !== undefined) return answer;
    throw new MgrpoError(
      'INVALID_INPUT',
      `${this.#path} has a row without "answer"; a study measures against it: add it or delete the row`,
    );
  }
}

/** The training questions as the services read them, by the method's own evidence, and the gold answers beside them. */
export async function readTraining(
  config: RunConfig,
  tokenizer: Tokenizer,
): Promise<{ questions: readonly Question[]; gold: GoldAnswers }> {
  const path = config.prompts.train;
  const questions = await readTrainingQuestions(config, tokenizer);
  const gold = new GoldAnswers(path, await readProblems(path, config, tokenizer));
  return { questions, gold };
}

/** The training questions as the services read them: gold answers are read for method `grpo` and for no other. */
export async function readTrainingQuestions(
  config: RunConfig,
  tokenizer: Tokenizer,
): Promise<readonly Question[]> {
  const path = config.prompts.train;
  const kind = evidenceKind(methods[config.algorithm.method]);
  const { columns } = config.prompts;
  const options = {
    ...(await tokenOptions(config, tokenizer)),
    canonical: canonicalAnswer,
    columns,
  };
  return (await readQuestions(path, kind, options)).questions;
}

/** The problems of a prompts file, in the recipe's template. */
export async function readProblems(
  path: string,
  config: RunConfig,
  tokenizer: Tokenizer,
): Promise<Problem[]> {
  const { prompts } = await readEvaluationPrompts(path, config.prompts.columns);
  const tokenized = await tokenizePrompts(prompts, await tokenOptions(config, tokenizer));
  return tokenized.prompts.map(({ tokens, answer }) => ({
    tokens,
    answer: canonicalAnswer(answer),
  }));
}

async function tokenOptions(
  { model, prompts }: RunConfig,
  tokenizer: Tokenizer,
): Promise<PromptTokenOptions> {
  const { maxPromptTokens, tooLong } = prompts;
  const encode = await openPromptEncoder(model.path, tokenizer, prompts);
  return { maxPromptTokens, tooLong, encode };
}
