import { basename } from 'node:path';
import { evidenceKind, methods } from '@mgrpo/algorithm';
import { canonicalAnswer } from '@mgrpo/answers';
import type { RunConfig } from '@mgrpo/config';
import {
  type PromptsFile,
  type PromptTokenOptions,
  type Question,
  readEvaluationPrompts,
  readQuestions,
  type TokenizedPrompts,
  tokenizePrompts,
} from '@mgrpo/datasets';
import type { ServiceContext } from '@mgrpo/service';
import type { PromptEncoder } from '@mgrpo/tokenizer';
import type { Problem } from './score.ts';

/**
 * The training questions as tokens, in the order of the file, with the evidence that the method needs: gold
 * answers are read for method `grpo` and for no other.
 */
export async function loadQuestions(
  config: RunConfig,
  encode: PromptEncoder,
  context: Pick<ServiceContext, 'log' | 'notice'>,
): Promise<readonly Question[]> {
  const path = config.prompts.train;
  const kind = evidenceKind(methods[config.algorithm.method]);
  const { columns } = config.prompts;
  const options = { ...tokenOptions(config, encode), canonical: canonicalAnswer, columns };
  const { questions, ...file } = await readQuestions(path, kind, options);
  report(path, { ...file, prompts: questions }, context);
  if (file.numLeftOut > 0) {
    const missing = kind === 'gold' ? 'an answer' : 'rephrasings';
    context.notice(
      `${basename(path)}: ${file.numLeftOut} prompts without ${missing} are left out, ` +
        `${questions.length} are used`,
    );
  }
  return questions;
}

/** The validation problems with their gold answers; none when the recipe names no file. */
export async function loadProblems(
  config: RunConfig,
  encode: PromptEncoder,
  context: Pick<ServiceContext, 'log' | 'notice'>,
): Promise<Problem[]> {
  const { validation } = config.prompts;
  if (validation === null) return [];
  const file = await readEvaluationPrompts(validation, config.prompts.columns);
  const { maxPrompts } = config.evaluation;
  const asked = maxPrompts === null ? file.prompts : file.prompts.slice(0, maxPrompts);
  const tokenized = await tokenizePrompts(asked, tokenOptions(config, encode));
  report(validation, { ...file, ...tokenized }, context);
  return tokenized.prompts.map(({ tokens, answer }) => ({
    tokens,
    answer: canonicalAnswer(answer),
  }));
}

function tokenOptions(
  { prompts: { maxPromptTokens, tooLong } }: RunConfig,
  encode: PromptEncoder,
): PromptTokenOptions {
  return { maxPromptTokens, tooLong, encode };
}

const maxLinesShown = 20;

/** What a person should know of a file before it is trained on. */
function report(
  path: string,
  {
    emptyAnswerLines,
    prompts,
    numRejected,
    numTruncated,
  }: Omit<TokenizedPrompts<unknown>, 'prompts'> &
    Pick<PromptsFile<unknown>, 'emptyAnswerLines' | 'prompts'>,
  { log, notice }: Pick<ServiceContext, 'log' | 'notice'>,
): void {
  log.info({ path, prompts: prompts.length, numRejected, numTruncated }, 'prompts');
  const name = basename(path);
  if (emptyAnswerLines.length > 0) {
    const more = emptyAnswerLines.length > maxLinesShown ? ', …' : '';
    const lines = emptyAnswerLines.slice(0, maxLinesShown).join(', ');
    notice(`${name}: rows with an empty answer: ${lines}${more}`);
  }
  if (numRejected > 0) {
    notice(`${name}: ${numRejected} prompts are too long and left out, ${prompts.length} are used`);
  }
  if (numTruncated > 0) notice(`${name}: ${numTruncated} prompts are too long and cut`);
}
