import { basename } from 'node:path';
import { canonicalAnswer } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import {
  type PromptsFile,
  readEvaluationPrompts,
  readTrainingPrompts,
  type TokenizedPrompts,
  tokenizePrompts,
} from '@mgrpo/datasets';
import type { ServiceContext } from '@mgrpo/service';
import type { Tokenizer } from '@mgrpo/tokenizer';
import type { Problem } from './score.ts';

/** The training prompts as tokens, in the order of the file. Gold answers are not read. */
export async function loadPrompts(
  config: RunConfig,
  tokenizer: Tokenizer,
  context: Pick<ServiceContext, 'log' | 'notice'>,
): Promise<Int32Array[]> {
  const path = config.prompts.train;
  const file = await readTrainingPrompts(path);
  const tokenized = tokenize(file.prompts, config, tokenizer);
  report(path, file, tokenized, context);
  return tokenized.prompts.map(({ tokens }) => tokens);
}

/** The validation problems with their gold answers; none when the recipe names no file. */
export async function loadProblems(
  config: RunConfig,
  tokenizer: Tokenizer,
  context: Pick<ServiceContext, 'log' | 'notice'>,
): Promise<Problem[]> {
  const { validation } = config.prompts;
  if (validation === null) return [];
  const file = await readEvaluationPrompts(validation);
  const { maxPrompts } = config.evaluation;
  const asked = maxPrompts === null ? file.prompts : file.prompts.slice(0, maxPrompts);
  const tokenized = tokenize(asked, config, tokenizer);
  report(validation, file, tokenized, context);
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

const maxLinesShown = 20;

/** What a person should know of a file before it is trained on. */
function report(
  path: string,
  { emptyAnswerLines }: PromptsFile<unknown>,
  { prompts, numRejected, numTruncated }: TokenizedPrompts<unknown>,
  { log, notice }: Pick<ServiceContext, 'log' | 'notice'>,
): void {
  log.info({ path, prompts: prompts.length, numRejected, numTruncated }, 'prompts');
  const name = basename(path);
  if (emptyAnswerLines.length > 0) {
    const more = emptyAnswerLines.length > maxLinesShown ? ', …' : '';
    const lines = emptyAnswerLines.slice(0, maxLinesShown).join(', ');
    notice(`${name}: lines with an empty answer: ${lines}${more}`);
  }
  if (numRejected > 0) {
    notice(`${name}: ${numRejected} prompts are too long and left out, ${prompts.length} are used`);
  }
  if (numTruncated > 0) notice(`${name}: ${numTruncated} prompts are too long and cut`);
}
