import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';

export const tokenizerFile = 'tokenizer.json';
export const configFile = 'tokenizer_config.json';

/** A token in `tokenizer_config.json`: its text, or an object with it. */
export function tokenText(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const isObject = typeof token === 'object' && token !== null && 'content' in token;
  return isObject && typeof token.content === 'string' ? token.content : null;
}

/** A JSON object of a model folder; INVALID_MODEL with the remedy when there is none. */
export async function readObject(folder: string, name: string): Promise<Record<string, unknown>> {
  const path = join(folder, name);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const remedy = `copy the tokenizer there: AutoTokenizer.from_pretrained(model).save_pretrained("${folder}") in Python writes both files`;
    const what = isMissing
      ? `${path} does not exist; ${remedy}`
      : `can't read ${path}: ${messageOf(error)}; download or copy it again`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new MgrpoError('INVALID_MODEL', `${path} is no JSON object`);
  }
  return json as Record<string, unknown>;
}
