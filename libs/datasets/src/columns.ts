import { MgrpoError } from '@mgrpo/errors';
import type { DataRow } from './rows.ts';

/** What a data set calls its columns; a dotted path such as `reward_model.ground_truth` goes into structures. */
export interface PromptColumns {
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
  readonly rephrasings: string;
}

export const defaultColumns: PromptColumns = {
  id: 'id',
  prompt: 'prompt',
  answer: 'answer',
  rephrasings: 'rephrasings',
};

/** The cell at a path, a column with dots in its name first; undefined where the row has none. */
function cellAt({ values }: DataRow, path: string): unknown {
  if (Object.hasOwn(values, path)) return values[path];
  let value: unknown = values;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** A cell as text, numbers as they are written; null where there is none. INVALID_INPUT names row and column. */
export function textAt(row: DataRow, path: string): string | null {
  const value = cellAt(row, path) ?? null;
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  throw wrongCell(row, path, `must be text or a number, ${got(value)}`);
}

/** Whether a cell is a text of spaces alone or of nothing; whatever else it is stays unseen. */
export function isBlankAt(row: DataRow, path: string): boolean {
  const value = cellAt(row, path);
  return typeof value === 'string' && value.trim() === '';
}

/** A list of texts, none of them blank; empty where there is none. INVALID_INPUT names row and column. */
export function textsAt(row: DataRow, path: string): readonly string[] {
  const value = cellAt(row, path) ?? [];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string' && text.trim() !== ''))
    return value;
  throw wrongCell(row, path, `must be a list of texts, ${got(value)}`);
}

/** A question as one text; of a chat with a system message also its two parts. */
export interface QuestionText {
  readonly prompt: string;
  readonly chat?: ChatParts;
}

/** The messages of a chat by role, those of one role joined by blank lines. */
interface ChatParts {
  readonly system: string;
  readonly user: string;
}

/**
 * A question: a text, or a chat of `{role, content}` whose system and user messages are joined by blank lines.
 *
 * INVALID_INPUT names row and column: without one, with a blank one, or with a chat that was already answered.
 */
export function questionAt(row: DataRow, path: string): QuestionText {
  const value = cellAt(row, path) ?? null;
  if (value === null) {
    const has = Object.keys(row.values).slice(0, 12).join(', ');
    const remedy = `add it or delete the line, or name another column in prompts.columns (the row has: ${has})`;
    throw wrongCell(row, path, `is missing; ${remedy}`);
  }
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw wrongCell(row, path, `must be text, ${got(value)}`);
  }
  const question = typeof value === 'string' ? { prompt: value } : chatText(row, path, value);
  if (question.prompt.trim() !== '') return question;
  throw wrongCell(row, path, 'is empty; fill it or delete the line');
}

function chatText(row: DataRow, path: string, cells: readonly unknown[]): QuestionText {
  const messages = cells.map((message, index) => {
    const { role, content } = (message ?? {}) as Record<string, unknown>;
    if (typeof content !== 'string' || (role !== 'system' && role !== 'user')) {
      const what = 'must be text, or a chat of system and user messages with text';
      throw wrongCell(row, `${path}.${index}`, `${what}, ${got(message)}`);
    }
    return { role, text: content.trim() };
  });
  const textOf = (wanted: readonly string[]) =>
    messages
      .filter(({ role, text }) => wanted.includes(role) && text !== '')
      .map(({ text }) => text)
      .join('\n\n');
  const prompt = textOf(['system', 'user']);
  const chat = { system: textOf(['system']), user: textOf(['user']) };
  return chat.system === '' || chat.user === '' ? { prompt } : { prompt, chat };
}

/** INVALID_INPUT about one cell. */
export function wrongCell({ where }: DataRow, path: string, what: string): MgrpoError {
  return new MgrpoError('INVALID_INPUT', `${where} "${path}" ${what}`);
}

function got(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  );
  return `not ${(text ?? String(value)).slice(0, 40)}`;
}
