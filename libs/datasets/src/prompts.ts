import type { Evidence } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import {
  defaultColumns,
  isBlankAt,
  type PromptColumns,
  type QuestionText,
  questionAt,
  textAt,
  textsAt,
  wrongCell,
} from './columns.ts';
import { type DataRow, openRows } from './rows.ts';

/** What training may know of a question. It has no field for an answer, so that no gold answer can leak. */
export interface TrainingPrompt extends QuestionText {
  readonly id: string;
}

/** A question with its gold answer: for evaluation only. */
export interface EvaluationPrompt extends QuestionText {
  readonly id: string;
  readonly answer: string;
}

/** A question with other wordings of it, at least one. It has no field for an answer either. */
export interface RephrasedPrompt extends TrainingPrompt {
  readonly rephrasings: readonly string[];
}

/** What a prompts file holds, and what to say about it. */
export interface PromptsFile<Prompt> {
  readonly prompts: readonly Prompt[];
  /** Rows without the answer or the rephrasings that were asked for. */
  readonly numLeftOut: number;
  /** Rows that have an answer which is empty, counted from 1: harmless in training, useless in evaluation. */
  readonly emptyAnswerLines: readonly number[];
}

/** What a reader takes from a row beside its question, which is checked already; null leaves the row out. */
type Select<Prompt> = (
  question: TrainingPrompt,
  row: DataRow,
  columns: PromptColumns,
) => Prompt | null;

/**
 * Reads the questions of a data set (see openRows) with the columns id, prompt, answer and rephrasings, of which
 * only prompt must be there; others are ignored.
 *
 * A row without an id gets its number. A column that a reader does not need is not checked: answers and
 * rephrasings can be anything where nobody asks for them. INVALID_INPUT names file, row, column and remedy.
 */
export async function readTrainingPrompts(
  path: string,
  columns?: PromptColumns,
): Promise<PromptsFile<TrainingPrompt>> {
  return collect({ path, columns }, (question) => question);
}

/** Reads the questions that have a gold answer from such a data set; INVALID_INPUT when none has one. */
export async function readEvaluationPrompts(
  path: string,
  columns?: PromptColumns,
): Promise<PromptsFile<EvaluationPrompt>> {
  return answered({ path, columns }, 'to evaluate against');
}

async function answered(source: Source, what: string): Promise<PromptsFile<EvaluationPrompt>> {
  const file = await collect(source, (question, row, { answer: column }) => {
    const answer = textAt(row, column);
    return answer === null || isBlankAt(row, column) ? null : { ...question, answer };
  });
  if (file.prompts.length > 0) return file;
  const { path, columns = defaultColumns } = source;
  throw new MgrpoError('INVALID_INPUT', `${path} has no row with an "${columns.answer}" ${what}`);
}

async function readRephrasedPrompts(
  path: string,
  columns = defaultColumns,
): Promise<PromptsFile<RephrasedPrompt>> {
  const file = await collect({ path, columns }, (question, row) => {
    const rephrasings = textsAt(row, columns.rephrasings);
    return rephrasings.length === 0 ? null : { ...question, rephrasings };
  });
  if (file.prompts.length > 0) return file;
  throw new MgrpoError(
    'INVALID_INPUT',
    `${path} has no row with "${columns.rephrasings}" (a list of texts), which algorithm.method co-reward asks; ` +
      'add them to prompts.train or choose another method',
  );
}

/**
 * How training reads its prompts file, by the evidence that the method's labels need; INVALID_INPUT when no row
 * has it.
 *
 * Only `gold` returns rows with a field for an answer.
 */
export const trainingReaders = {
  none: readTrainingPrompts,
  gold: (path: string, columns?: PromptColumns) =>
    answered(
      { path, columns },
      'to train on, which algorithm.method grpo needs; add answers to prompts.train or choose a label-free method',
    ),
  'other-wording': readRephrasedPrompts,
} as const satisfies Readonly<
  Record<
    Evidence['kind'],
    (path: string, columns?: PromptColumns) => Promise<PromptsFile<TrainingPrompt>>
  >
>;

/** A data set and what it calls its columns. */
interface Source {
  readonly path: string;
  readonly columns: PromptColumns | undefined;
}

async function collect<Prompt>(
  { path, columns = defaultColumns }: Source,
  select: Select<Prompt>,
): Promise<PromptsFile<Prompt>> {
  const prompts: Prompt[] = [];
  const emptyAnswerLines: number[] = [];
  const rowOfId = new Map<string, DataRow['where']>();
  for await (const row of openRows(path, { columns: Object.values(columns) })) {
    const question = readQuestion(row, columns);
    const before = rowOfId.get(question.id);
    if (before !== undefined) {
      const what = `${JSON.stringify(question.id)} is that of ${before} too; ids must differ`;
      throw wrongCell(row, columns.id, what);
    }
    rowOfId.set(question.id, row.where);
    if (isBlankAt(row, columns.answer)) emptyAnswerLines.push(row.number);
    const prompt = select(question, row, columns);
    if (prompt !== null) prompts.push(prompt);
  }
  const numLeftOut = rowOfId.size - prompts.length;
  if (rowOfId.size > 0) return { prompts, numLeftOut, emptyAnswerLines };
  throw new MgrpoError('INVALID_INPUT', `${path} holds no prompts: each line is {"prompt": "…"}`);
}

/** Checks what every reader needs; INVALID_INPUT names what is missing or of the wrong type. */
function readQuestion(row: DataRow, columns: PromptColumns): TrainingPrompt {
  return {
    ...questionAt(row, columns.prompt),
    id: textAt(row, columns.id) ?? String(row.number),
  };
}
