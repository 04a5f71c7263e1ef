import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type ModelConfig, parseEndTokenIds, parseModelConfig } from '@mgrpo/model';
import { hasErrno } from './files.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';

const configFile = 'config.json';
const generationFile = 'generation_config.json';

/** A model's configuration, parsed and as it was read. */
export interface ModelConfigFile {
  readonly config: ModelConfig;
  readonly configJson: JsonObject;
}

/**
 * Reads `config.json`, and of `generation_config.json`, where there is one, the end tokens: chat models name
 * some there only.
 *
 * Its sampling defaults are not read. How a run samples is the recipe's to say, whose defaults are the paper's;
 * a model's own would change results from out of sight.
 *
 * @throws MgrpoError INVALID_MODEL naming the file, the field and the remedy.
 */
export async function readModelConfig(folder: string): Promise<ModelConfigFile> {
  const path = join(folder, configFile);
  const configJson = await readJsonObject(path);
  if (configJson === null) {
    const remedy =
      'point to a Hugging Face model folder (config.json, model.safetensors, tokenizer.json)';
    throw new MgrpoError('INVALID_MODEL', `${path} does not exist; ${remedy}`);
  }
  const config = inFolder(folder, () => parseModelConfig(configJson));
  const generationJson = (await readJsonObject(join(folder, generationFile))) ?? {};
  const endTokenIds = inFolder(folder, () => parseEndTokenIds(generationJson, generationFile));
  const eosTokenIds = [...new Set([...config.eosTokenIds, ...endTokenIds])];
  return { config: { ...config, eosTokenIds }, configJson };
}

/** The object in a JSON file, or null where there is no file. */
async function readJsonObject(path: string): Promise<JsonObject | null> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    const what = `can't read ${path}: ${messageOf(error)}; download or copy it again`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
  if (isJsonObject(json)) return json;
  throw new MgrpoError('INVALID_MODEL', `${path} is no JSON object`);
}

/** A parser says "config.json: …" and names the field; the folder is known here. */
function inFolder<T>(folder: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof MgrpoError)) throw error;
    throw new MgrpoError(error.code, `${folder}/${error.message}`, { cause: error });
  }
}
