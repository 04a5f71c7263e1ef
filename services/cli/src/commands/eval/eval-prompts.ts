import { answerOf, canonicalAnswer } from '@mgrpo/answers';
import { type AnsweredProblem, type AnswerTally, tallyAnswers } from '@mgrpo/benchmarks';
import type { RunConfig } from '@mgrpo/config';
import { readEvaluationPrompts, tokenizePrompts } from '@mgrpo/datasets';
import { MgrpoError } from '@mgrpo/errors';
import type { DeviceSetting } from '@mgrpo/runtime';
import { openPromptEncoder } from '@mgrpo/tokenizer';
import { type OpenModel, openModel } from '../../model.ts';

/** What `mgrpo eval --prompts` finds. */
interface EvalResult extends Pick<AnswerTally, 'accuracy' | 'majorityAccuracy' | 'unanswered'> {
  readonly prompts: number;
  readonly samples: number;
  readonly temperature: number;
  /** Mean length of a response (tokens). */
  readonly responseTokens: number;
}

interface PromptsFlags {
  readonly model: string;
  readonly prompts: string;
  readonly engines: number;
  readonly device: DeviceSetting;
  readonly json?: boolean;
}

/** Prompts whose responses are under way at the same time: enough to keep the batch full. */
const promptsAtOnce = 256;

/** Prints the accuracy of a model on prompts with answers. */
export async function evalPrompts(flags: PromptsFlags, config: RunConfig): Promise<number> {
  const file = await readEvaluationPrompts(flags.prompts, config.prompts.columns);
  const { maxPrompts } = config.evaluation;
  const problems = maxPrompts === null ? file.prompts : file.prompts.slice(0, maxPrompts);
  const { slots } = config.deployment.rollout;
  const model = await openModel(flags.model, { ...flags, slots });
  try {
    const encode = await openPromptEncoder(flags.model, model.tokenizer, config.prompts);
    const tokenized = await tokenizePrompts(problems, { ...config.prompts, encode });
    requirePositions(model, tokenized.prompts, config);
    const result = await score(model, tokenized.prompts, config);
    print(result, { isJson: flags.json === true, config, tooLong: tokenized.numRejected });
    return 0;
  } finally {
    await model.close();
  }
}

/** @throws USAGE when the longest prompt and response don't fit into the model's positions */
function requirePositions(
  { maxTokens }: OpenModel,
  prompts: readonly { readonly tokens: Int32Array }[],
  { sampling: { maxResponseTokens } }: RunConfig,
): void {
  const longest = prompts.reduce((length, { tokens }) => Math.max(length, tokens.length), 0);
  if (longest + maxResponseTokens <= maxTokens) return;
  throw new MgrpoError(
    'USAGE',
    `prompts of up to ${longest} tokens and responses of ${maxResponseTokens} need ${longest + maxResponseTokens} positions; the model has ${maxTokens}: name its recipe with --recipe, or lower sampling.maxResponseTokens with --set`,
  );
}

async function score(
  model: OpenModel,
  prompts: readonly { readonly tokens: Int32Array; readonly answer: string }[],
  { answer, sampling, evaluation, seed }: RunConfig,
): Promise<EvalResult> {
  const { samples, temperature } = evaluation;
  let numTokens = 0;
  const ask = async (
    problem: (typeof prompts)[number],
    prompt: number,
  ): Promise<AnsweredProblem> => {
    const rollouts = await model.respond({
      promptTokens: problem.tokens,
      prompt,
      seed,
      samples,
      purpose: 'eval',
      sampling: { ...sampling, temperature, topP: 1, topK: 0 },
    });
    numTokens += rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const answers = rollouts.map(({ tokens }) =>
      answerOf(model.tokenizer.decode(tokens, { skipSpecial: true }), answer.extractor),
    );
    return { answers, gold: canonicalAnswer(problem.answer) };
  };
  const answered: AnsweredProblem[] = [];
  for (let first = 0; first < prompts.length; first += promptsAtOnce) {
    const part = prompts.slice(first, first + promptsAtOnce);
    answered.push(...(await Promise.all(part.map((problem, i) => ask(problem, first + i)))));
  }
  const { accuracy, majorityAccuracy, unanswered, responses } = tallyAnswers(answered);
  const responseTokens = numTokens / responses;
  return {
    prompts: prompts.length,
    samples,
    temperature,
    accuracy,
    majorityAccuracy,
    unanswered,
    responseTokens,
  };
}

function print(
  result: EvalResult,
  { isJson, config, tooLong }: { isJson: boolean; config: RunConfig; tooLong: number },
): void {
  if (tooLong > 0) {
    process.stderr.write(
      `mgrpo: ${tooLong} prompts are longer than ${config.prompts.maxPromptTokens} tokens and left out\n`,
    );
  }
  if (result.unanswered === 1) {
    process.stderr.write(
      `mgrpo: no response has an answer as "${config.answer.extractor}" reads it; name the model's recipe with --recipe, or set answer.extractor\n`,
    );
  }
  if (isJson) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const how = result.temperature === 0 ? 'greedy' : `at temperature ${result.temperature}`;
  const lines = [
    `accuracy    ${percent(result.accuracy)} ${how}, ${result.prompts} prompts × ${result.samples}`,
    ...(result.samples > 1 ? [`majority    ${percent(result.majorityAccuracy)}`] : []),
    `unanswered  ${percent(result.unanswered)}`,
    `length      ${result.responseTokens.toFixed(1)} tokens`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
