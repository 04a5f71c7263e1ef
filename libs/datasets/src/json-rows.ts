import { readFile } from 'node:fs/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { readLines } from './lines.ts';
import type { DataRow } from './rows.ts';

/** The objects of a JSON lines file, or of a JSON file that is one list; INVALID_INPUT names file and line. */
export async function* readJsonRows(
  path: string,
  form: 'json-lines' | 'json',
  maxLineBytes?: number,
): AsyncGenerator<DataRow> {
  if (form === 'json') {
    const list = await readList(path);
    if (list !== null) {
      yield* list.map((value, index) => {
        const where = `${path}, row ${index + 1}`;
        return { where, number: index + 1, values: objectOf(value, where) };
      });
      return;
    }
  }
  for await (const { number, text } of readLines(path, maxLineBytes)) {
    const where = `${path}:${number}`;
    yield { where, number, values: objectOf(parseJson(text, where), where) };
  }
}

/** Null for a file that is JSON lines in spite of its name, as is usual on the Hub. */
async function readList(path: string): Promise<unknown[] | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const text = textOf(bytes, path);
  if (!text.trimStart().startsWith('[')) return null;
  const value = parseJson(text, path);
  return Array.isArray(value) ? value : null;
}

/** UTF-8 without its byte order mark, as lines are read. */
function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `${path} is no UTF-8 text`, { cause: error });
  }
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  const what = `${where} is no JSON object; each line is {"prompt": "…"}`;
  throw new MgrpoError('INVALID_INPUT', what);
}

function parseJson(text: string, where: string): unknown {
  try {
    // Looking at every value takes several times as long, and few files hold such numbers.
    return /\d{16}/.test(text) ? JSON.parse(text, wholeNumbers) : JSON.parse(text);
  } catch (error) {
    // Without what V8 quotes of the text, and so without the cause: of some data no text may be printed (GPQA).
    const why = messageOf(error).replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
    throw new MgrpoError('INVALID_INPUT', `${where} is no JSON (${why}); mend or delete the line`);
  }
}

/** Keeps every digit of whole numbers that a double would round. */
function wholeNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
