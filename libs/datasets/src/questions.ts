import type { Evidence } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import type { PromptColumns, QuestionText } from './columns.ts';
import { type PromptTokenOptions, tokenizePrompts } from './prompt-tokens.ts';
import { type PromptsFile, type RephrasedPrompt, trainingReaders } from './prompts.ts';

/** A question to train on, as tokens, with the evidence that its method asks for and nothing else. */
export type Question =
  | { readonly kind: 'none'; readonly tokens: Int32Array }
  /** Of method `grpo` alone; the answer is canonical. */
  | { readonly kind: 'gold'; readonly tokens: Int32Array; readonly answer: string }
  | {
      readonly kind: 'other-wording';
      readonly tokens: Int32Array;
      /** At least one. */
      readonly rephrasings: readonly Int32Array[];
    };

/** The questions of a file, and what to say about it. */
export interface Questions extends Omit<PromptsFile<unknown>, 'prompts'> {
  readonly questions: readonly Question[];
  readonly numTruncated: number;
  readonly numRejected: number;
}

/** How questions become tokens, and what else of a data set is read how. */
interface QuestionOptions extends PromptTokenOptions {
  /** Makes an answer comparable with those of responses; '' where nothing of it is left. */
  readonly canonical: (answer: string) => string;
  readonly columns?: PromptColumns | undefined;
}

/**
 * Reads the questions of a data set for a method.
 *
 * Gold answers are read for evidence of kind `gold` and for no other: the readers of the other kinds return
 * rows that have no field for them.
 */
export async function readQuestions(
  path: string,
  kind: Evidence['kind'],
  { columns, ...options }: QuestionOptions,
): Promise<Questions> {
  if (kind === 'other-wording') {
    const { prompts, ...file } = await trainingReaders[kind](path, columns);
    return { ...file, ...(await tokenizeWordings(prompts, options)) };
  }
  if (kind === 'gold') {
    const { prompts, ...file } = await trainingReaders[kind](path, columns);
    const { prompts: kept, ...counts } = await tokenizePrompts(prompts, options);
    const questions = kept.map(({ id, tokens, answer }): Question => {
      const canonical = options.canonical(answer);
      if (canonical !== '') return { kind, tokens, answer: canonical };
      const what = `${path}: the answer of "${id}" holds nothing to compare with`;
      throw new MgrpoError('INVALID_INPUT', `${what}; mend it or delete the row`);
    });
    return { ...file, ...counts, questions };
  }
  const { prompts, ...file } = await trainingReaders[kind](path, columns);
  const { prompts: kept, ...counts } = await tokenizePrompts(prompts, options);
  return { ...file, ...counts, questions: kept.map(({ tokens }) => ({ kind, tokens })) };
}

/** A question and its rephrasings, which are asked under the same system message. */
function wordingsOf({ prompt, chat, rephrasings }: RephrasedPrompt): QuestionText[] {
  if (chat === undefined) return [prompt, ...rephrasings].map((text) => ({ prompt: text }));
  const { system } = chat;
  const others = rephrasings.map((user) => ({ prompt: user, chat: { system, user } }));
  return [{ prompt, chat }, ...others];
}

/** The length limit holds for each wording; a question stays while it and one rephrasing do. */
async function tokenizeWordings(
  prompts: readonly RephrasedPrompt[],
  options: PromptTokenOptions,
): Promise<Omit<Questions, 'numLeftOut' | 'emptyAnswerLines'>> {
  const wordings = prompts.flatMap((row, question) =>
    wordingsOf(row).map((text, wording) => ({ ...text, question, wording })),
  );
  const { prompts: kept, ...counts } = await tokenizePrompts(wordings, options);
  const byQuestion = Map.groupBy(kept, ({ question }) => question);
  const questions = [...byQuestion.values()].flatMap(([first, ...others]): Question[] => {
    if (first?.wording !== 0 || others.length === 0) return [];
    const rephrasings = others.map(({ tokens }) => tokens);
    return [{ kind: 'other-wording', tokens: first.tokens, rephrasings }];
  });
  if (questions.length > 0) return { ...counts, questions };
  throw new MgrpoError(
    'INVALID_INPUT',
    `no question and rephrasing of it are both at most ${options.maxPromptTokens} tokens long; ` +
      'raise prompts.maxPromptTokens or set prompts.tooLong to truncate',
  );
}
