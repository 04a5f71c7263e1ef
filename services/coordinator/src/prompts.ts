import { canonicalAnswer } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import {
  type PromptsFile,
  readEvaluationPrompts,
  readTrainingPrompts,
  type TokenizedPrompts,
  tokenizePrompts,
} from '@mgrpo/datasets';
import type { Logger } from '@mgrpo/telemetry';
import type { Tokenizer } from '@mgrpo/tokenizer';
import type { Problem } from './score.ts';

/** The training prompts as tokens, in the order of the file. Gold answers are not read. */
export async function loadPrompts(
  config: RunConfig,
  tokenizer: Tokenizer,
  log: Logger,
): Promise<Int32Array[]> {
  const path = config.prompts.train;
  const file = await readTrainingPrompts(path);
  const tokenized = tokenize(file.prompts, config, tokenizer);
  report(path, file, tokenized, log);
  return tokenized.prompts.map(({ tokens }) => tokens);
}

/** The validation problems with their gold answers; none when the recipe names no file. */
export async function loadProblems(
  config: RunConfig,
  tokenizer: Tokenizer,
  log: Logger,
): Promise<Problem[]> {
  const { validation } = config.prompts;
  if (validation === null) return [];
  const file = await readEvaluationPrompts(validation);
  const { maxPrompts } = config.evaluation;
  const asked = maxPrompts === null ? file.prompts : file.prompts.slice(0, maxPrompts);
  const tokenized = tokenize(asked, config, tokenizer);
  report(validation, file, tokenized, log);
  return tokenized.prompts.map(({ tokens, answer }) => ({
    tokens,
    answer: canonicalAnswer(answer),
  }));
}

function tokenize<Prompt extends { readonly prompt: string }>(
  prompts: readonly Prompt[],
  { prompts: { template, maxPromptTokens, tooLong } }: RunConfig,
  tokenizer: Tokenizer,
): TokenizedPrompts<Prompt> {
  const encode = (text: string) => tokenizer.encode(text);
  return tokenizePrompts(prompts, { template, maxPromptTokens, tooLong, encode });
}

function report(
  path: string,
  { emptyAnswerLines }: PromptsFile<unknown>,
  { prompts, numRejected, numTruncated }: TokenizedPrompts<unknown>,
  log: Logger,
): void {
  log.info({ path, prompts: prompts.length, numRejected, numTruncated }, 'prompts');
  if (emptyAnswerLines.length > 0) {
    log.warn({ path, lines: emptyAnswerLines }, 'rows with an empty answer');
  }
}
