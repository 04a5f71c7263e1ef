import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { answerOf, canonicalAnswer } from '@mgrpo/answers';
import { runFiles } from '@mgrpo/checkpoint';
import { loadRunConfig, type RunConfig } from '@mgrpo/config';
import { type EvaluationPrompt, readEvaluationPrompts, tokenizePrompts } from '@mgrpo/datasets';
import { type OpenModel, openModel } from '../model.ts';
import { setSettings, textSetting, valueSetting } from '../settings.ts';

export interface EvalFlags {
  readonly model: string;
  readonly prompts: string;
  readonly recipe?: string;
  readonly samples?: string;
  readonly temperature?: string;
  readonly maxPrompts?: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** What `mgrpo eval` finds. */
interface EvalResult {
  readonly prompts: number;
  readonly samples: number;
  readonly temperature: number;
  /** Share of all responses that are right. */
  readonly accuracy: number;
  /** Share of prompts whose most common answer is right. */
  readonly majorityAccuracy: number;
  /** Share of responses without an answer. */
  readonly unanswered: number;
  /** Mean length of a response (tokens). */
  readonly responseTokens: number;
}

/** Prompts whose responses are under way at the same time: enough to keep the batch full. */
const promptsAtOnce = 256;

/** Prints the accuracy of a model on prompts with answers. */
export async function evaluate(flags: EvalFlags): Promise<number> {
  const config = evaluationConfig(flags);
  const file = await readEvaluationPrompts(flags.prompts);
  const { maxPrompts } = config.evaluation;
  const problems = maxPrompts === null ? file.prompts : file.prompts.slice(0, maxPrompts);
  const model = await openModel(flags.model, { slots: config.deployment.rollout.slots });
  try {
    const { result, tooLong } = await score(model, problems, config);
    print(result, { flags, config, tooLong });
    return 0;
  } finally {
    await model.close();
  }
}

/** The recipe's settings; those of its run where the model is a checkpoint in a run folder. */
function evaluationConfig(flags: EvalFlags): RunConfig {
  const runConfig = join(resolve(flags.model, '..', '..'), runFiles.config);
  const isCheckpoint = existsSync(join(runConfig, '..', runFiles.manifest));
  const file = flags.recipe ?? (isCheckpoint ? runConfig : null);
  return loadRunConfig({
    file,
    environment: process.env,
    overrides: [
      ...textSetting('--model', 'model.path', flags.model),
      ...textSetting('--prompts', 'prompts.train', flags.prompts),
      ...valueSetting('--samples', 'evaluation.samples', flags.samples),
      ...valueSetting('--temperature', 'evaluation.temperature', flags.temperature),
      ...valueSetting('--max-prompts', 'evaluation.maxPrompts', flags.maxPrompts),
      ...setSettings(flags.set),
    ],
  });
}

async function score(
  model: OpenModel,
  problems: readonly EvaluationPrompt[],
  { prompts, answer, sampling, evaluation, seed }: RunConfig,
): Promise<{ result: EvalResult; tooLong: number }> {
  const encode = (text: string) => model.tokenizer.encode(text);
  const tokenized = tokenizePrompts(problems, { ...prompts, encode });
  const { samples, temperature } = evaluation;
  const total = { right: 0, majority: 0, unanswered: 0, tokens: 0 };
  const ask = async (problem: (typeof tokenized.prompts)[number], prompt: number) => {
    const rollouts = await model.respond({
      promptTokens: problem.tokens,
      prompt,
      seed,
      samples,
      purpose: 'eval',
      sampling: { ...sampling, temperature, topP: 1, topK: 0 },
    });
    const gold = canonicalAnswer(problem.answer);
    const answers = rollouts.map(({ tokens }) =>
      answerOf(model.tokenizer.decode(tokens, { skipSpecial: true }), answer.extractor),
    );
    total.right += answers.filter((given) => given === gold).length;
    total.unanswered += answers.filter((given) => given === null).length;
    total.tokens += rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    if (mostCommon(answers) === gold) total.majority += 1;
  };
  for (let first = 0; first < tokenized.prompts.length; first += promptsAtOnce) {
    const part = tokenized.prompts.slice(first, first + promptsAtOnce);
    await Promise.all(part.map((problem, index) => ask(problem, first + index)));
  }
  const numPrompts = tokenized.prompts.length;
  const numResponses = numPrompts * samples;
  const result = {
    prompts: numPrompts,
    samples,
    temperature,
    accuracy: total.right / numResponses,
    majorityAccuracy: total.majority / numPrompts,
    unanswered: total.unanswered / numResponses,
    responseTokens: total.tokens / numResponses,
  };
  return { result, tooLong: tokenized.numRejected };
}

/** The answer given most often, the earliest of equals; null without any. */
function mostCommon(answers: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    if (answer !== null) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? null;
}

function print(
  result: EvalResult,
  { flags, config, tooLong }: { flags: EvalFlags; config: RunConfig; tooLong: number },
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
  if (flags.json) {
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
