import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import {
  type ModelConfig,
  numParameters,
  type ParameterSpec,
  parameterSpecs,
  parseModelConfig,
} from '@mgrpo/model';
import { hasErrno } from './files.ts';
import { readModelConfig } from './model-config-file.ts';
import { checkShapes, isKnownTensor } from './model-folder.ts';
import { indexFile, openTensorSource, readIndex, singleFile } from './tensor-source.ts';

/** What is known of a model before its weights are read. */
export interface ModelDescription {
  readonly config: ModelConfig;
  readonly parameters: number;
  /** Tensors that its architecture has, a tied head counted once. */
  readonly tensors: number;
  readonly weights: DescribedWeights;
}

/** Which weights were compared with what the architecture asks for. */
export type DescribedWeights =
  | { readonly kind: 'none' }
  /** The names of `model.safetensors.index.json`, whose files are not there; null where it states no size. */
  | { readonly kind: 'index'; readonly bytes: number | null; readonly unused: readonly string[] }
  /** The headers of the files: names, shapes and types such as `BF16`. */
  | {
      readonly kind: 'files';
      readonly bytes: number;
      readonly dtypes: readonly string[];
      readonly unused: readonly string[];
    };

/**
 * Describes a model folder, or a `config.json` alone, and checks what of its weights is there: files by name,
 * shape and type, an index without files by name.
 *
 * @throws MgrpoError INVALID_MODEL naming what is missing, wrong or not supported.
 */
export async function describeModel(path: string): Promise<ModelDescription> {
  const isFile = (await statOf(path))?.isFile() === true;
  const config = isFile ? await configOf(path) : (await readModelConfig(path)).config;
  const specs = parameterSpecs(config);
  const weights: DescribedWeights = isFile
    ? { kind: 'none' }
    : await describeWeights(path, { config, specs });
  return { config, parameters: numParameters(config), tensors: specs.length, weights };
}

interface Expected {
  readonly config: ModelConfig;
  readonly specs: readonly ParameterSpec[];
}

async function describeWeights(
  folder: string,
  { config, specs }: Expected,
): Promise<DescribedWeights> {
  const isThere = async (name: string) => (await statOf(join(folder, name))) !== null;
  const isUnused = (name: string) => !isKnownTensor(config, specs, name);
  if (!(await isThere(singleFile))) {
    if (!(await isThere(indexFile))) return { kind: 'none' };
    const { shardOf, totalBytes: bytes } = await readIndex(folder);
    const shards = await Promise.all([...new Set(shardOf.values())].map(isThere));
    if (!shards.includes(true)) {
      const missing = specs.find(({ name }) => !shardOf.has(name));
      if (missing === undefined) {
        return { kind: 'index', bytes, unused: [...shardOf.keys()].filter(isUnused) };
      }
      const what = `${join(folder, indexFile)} has no tensor ${missing.name}`;
      throw new MgrpoError('INVALID_MODEL', `${what}; its config.json belongs to another model`);
    }
  }
  const source = await openTensorSource(folder);
  try {
    checkShapes(source, specs);
    const unused = source.names().filter(isUnused);
    const dtypes = [...new Set(specs.map(({ name }) => source.dtypeOf(name)!))].sort();
    return { kind: 'files', bytes: source.numBytes, dtypes, unused };
  } finally {
    await source.close();
  }
}

async function configOf(path: string): Promise<ModelConfig> {
  try {
    return parseModelConfig(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (cause instanceof MgrpoError) throw cause;
    const what = `${path} is no config.json (${messageOf(cause)})`;
    throw new MgrpoError('INVALID_MODEL', what, { cause });
  }
}

async function statOf(path: string) {
  return await stat(path).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  });
}
