import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { configFile, readObject, tokenText } from './tokenizer-files.ts';

/** How a model's chats are written down, as a Jinja template. */
export interface ChatTemplate {
  readonly text: string;
  /** The file it stands in. */
  readonly path: string;
  /** Special tokens by the names that templates know, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>;
}

const templateFile = 'chat_template.jinja';
const maxTemplateLength = 1 << 20;

/**
 * The chat template of a model folder: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`,
 * of several the one named `default`.
 *
 * @throws MgrpoError INVALID_MODEL when there is none, or what is there is no text.
 */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate> {
  const configPath = join(folder, configFile);
  const configJson = await readObject(folder, configFile);
  const ownPath = join(folder, templateFile);
  const own = await readTemplate(ownPath);
  const text = own ?? defaultTemplate(configJson.chat_template);
  const path = own === null ? configPath : ownPath;
  if (text === null) {
    const what = `${folder} has no chat template (${templateFile}, or chat_template in ${configFile})`;
    const remedy = 'write the markers in prompts.template, and set prompts.format to plain';
    throw new MgrpoError('INVALID_MODEL', `${what}; ${remedy}`);
  }
  if (text.length > maxTemplateLength) {
    const what = `${path}: a chat template of ${text.length} characters`;
    throw new MgrpoError('INVALID_MODEL', `${what}; the limit is ${maxTemplateLength}`);
  }
  return { text, path, tokens: namedTokens(configJson) };
}

async function readTemplate(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new MgrpoError('INVALID_MODEL', `can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A text, or a list of `{name, template}`. */
function defaultTemplate(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const entries: unknown[] = Array.isArray(value) ? value : [];
  const found = entries.find((entry) => (entry as { name?: unknown } | null)?.name === 'default') as
    | { template?: unknown }
    | undefined;
  return typeof found?.template === 'string' ? found.template : null;
}

function namedTokens(configJson: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = Object.keys(configJson).filter((name) => /^[a-z]+_token$/.test(name));
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = tokenText(configJson[name]);
      return text === null ? [] : [[name, text]];
    }),
  );
}
