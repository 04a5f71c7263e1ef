import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from './files.ts';
import type { ModelFolder } from './model-folder.ts';

/** What else of a model folder decides on tokens, and so on every bit of a run. */
const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'] as const;

/**
 * Hex sha256 of what a run takes from a model folder: weights, configuration (of `config.json` what is read, and
 * the end tokens of `generation_config.json`), tokenizer and chat template.
 */
export async function modelSha256(
  folder: string,
  { config, sha256 }: Pick<ModelFolder, 'config' | 'sha256'>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([sha256, config]));
  for (const name of tokenizerFiles) {
    const content = await readFile(join(folder, name)).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return null;
      throw error;
    });
    if (content === null) continue;
    hash.update(`\n${name} ${createHash('sha256').update(content).digest('hex')}`);
  }
  return hash.digest('hex');
}
