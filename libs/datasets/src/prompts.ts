import type { Evidence } from '@mgrpo/algorithm';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { Line } from './lines.ts';
import { readLines } from './lines.ts';

/** What training may know of a question. It has no field for an answer, so that no gold answer can leak. */
export interface TrainingPrompt {
  readonly id: string;
  readonly prompt: string;
}

/** A question with its gold answer: for evaluation only. */
export interface EvaluationPrompt {
  readonly id: string;
  readonly prompt: string;
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
  /** Lines that have an `answer` which is empty, counted from 1: harmless in training, useless in evaluation. */
  readonly emptyAnswerLines: readonly number[];
}

/** A checked row; `answer` is null where the row has none. */
interface Row {
  readonly id: string;
  readonly prompt: string;
  readonly answer: string | null;
  readonly rephrasings: readonly string[];
}

/**
 * Reads the questions of a JSONL file of `{"id", "prompt", "answer"?, "rephrasings"?}`; other fields are ignored.
 *
 * A row without `id` gets its line number. INVALID_INPUT names file, line and remedy.
 */
export async function readTrainingPrompts(path: string): Promise<PromptsFile<TrainingPrompt>> {
  return collect(path, ({ id, prompt }) => ({ id, prompt }));
}

/** Reads the questions that have a gold answer from a file of the same form; INVALID_INPUT when none has one. */
export async function readEvaluationPrompts(path: string): Promise<PromptsFile<EvaluationPrompt>> {
  return answered(path, 'to evaluate against');
}

async function answered(path: string, what: string): Promise<PromptsFile<EvaluationPrompt>> {
  const file = await collect(path, ({ id, prompt, answer }) =>
    answer === null || isBlank(answer) ? null : { id, prompt, answer },
  );
  if (file.prompts.length > 0) return file;
  throw new MgrpoError('INVALID_INPUT', `${path} has no row with an "answer" ${what}`);
}

async function readRephrasedPrompts(path: string): Promise<PromptsFile<RephrasedPrompt>> {
  const file = await collect(path, ({ id, prompt, rephrasings }) =>
    rephrasings.length === 0 ? null : { id, prompt, rephrasings },
  );
  if (file.prompts.length > 0) return file;
  throw new MgrpoError(
    'INVALID_INPUT',
    `${path} has no row with "rephrasings" (a list of texts), which algorithm.method co-reward asks; ` +
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
  gold: (path: string) =>
    answered(
      path,
      'to train on, which algorithm.method grpo needs; add answers to prompts.train or choose a label-free method',
    ),
  'other-wording': readRephrasedPrompts,
} as const satisfies Readonly<
  Record<Evidence['kind'], (path: string) => Promise<PromptsFile<TrainingPrompt>>>
>;

async function collect<Prompt>(
  path: string,
  select: (row: Row) => Prompt | null,
): Promise<PromptsFile<Prompt>> {
  const prompts: Prompt[] = [];
  const emptyAnswerLines: number[] = [];
  const lineOfId = new Map<string, number>();
  for await (const line of readLines(path)) {
    const row = parseRow(path, line);
    const before = lineOfId.get(row.id);
    if (before !== undefined) {
      const what = `"id" ${JSON.stringify(row.id)} is that of line ${before} too`;
      throw invalid(path, line, `${what}; ids must differ`);
    }
    lineOfId.set(row.id, line.number);
    if (row.answer !== null && isBlank(row.answer)) emptyAnswerLines.push(line.number);
    const prompt = select(row);
    if (prompt !== null) prompts.push(prompt);
  }
  const numLeftOut = lineOfId.size - prompts.length;
  if (lineOfId.size > 0) return { prompts, numLeftOut, emptyAnswerLines };
  throw new MgrpoError('INVALID_INPUT', `${path} holds no prompts: each line is {"prompt": "…"}`);
}

/** Checks one line; INVALID_INPUT names what is missing or of the wrong type. */
function parseRow(path: string, line: Line): Row {
  let json: unknown;
  try {
    json = JSON.parse(line.text);
  } catch (error) {
    const remedy = 'mend or delete the line';
    throw invalid(path, line, `is no JSON (${messageOf(error)}); ${remedy}`, error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(path, line, 'is no JSON object; each line is {"prompt": "…"}');
  }
  const row = json as Record<string, unknown>;
  const { id = String(line.number), prompt, answer = null, rephrasings = [] } = row;
  if (prompt === undefined || prompt === null) {
    throw invalid(path, line, '"prompt" is missing; add it or delete the line');
  }
  if (typeof prompt !== 'string')
    throw invalid(path, line, `"prompt" must be text, ${got(prompt)}`);
  if (isBlank(prompt)) throw invalid(path, line, '"prompt" is empty; fill it or delete the line');
  if (typeof id !== 'string') throw invalid(path, line, `"id" must be text, ${got(id)}`);
  if (answer !== null && typeof answer !== 'string') {
    throw invalid(path, line, `"answer" must be text, ${got(answer)}`);
  }
  if (!Array.isArray(rephrasings) || !rephrasings.every(isFilledText)) {
    throw invalid(path, line, `"rephrasings" must be a list of texts, ${got(rephrasings)}`);
  }
  return { id, prompt, answer, rephrasings };
}

function isFilledText(value: unknown): value is string {
  return typeof value === 'string' && !isBlank(value);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function got(value: unknown): string {
  return `not ${JSON.stringify(value).slice(0, 40)}`;
}

function invalid(path: string, line: Line, what: string, cause?: unknown): MgrpoError {
  return new MgrpoError('INVALID_INPUT', `${path}:${line.number} ${what}`, { cause });
}
