import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { hasErrno } from './files.ts';
import { isCount, isJsonObject } from './json.ts';
import { SafetensorsFile } from './safetensors.ts';

export const singleFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';
// A plain name: a shard can't be outside the folder. (The file itself may be a link, as in Hugging Face's cache.)
const shardName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*\.safetensors$/;

/** The tensors of a model folder, in one file or in several. */
export interface TensorSource {
  readonly folder: string;
  /** Of all tensors, as they are stored. */
  readonly numBytes: number;
  names(): string[];
  has(name: string): boolean;
  shapeOf(name: string): readonly number[] | undefined;
  /** As safetensors names it, such as `BF16`. */
  dtypeOf(name: string): string | undefined;
  /** Fills `target` with the tensor's values from element `first` (default 0) on, as float32. */
  readInto(name: string, target: Float32Array, first?: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names; INVALID_MODEL otherwise. */
export async function openTensorSource(folder: string): Promise<TensorSource> {
  if (await exists(join(folder, singleFile))) {
    return openFileSource(folder, singleFile);
  }
  if (await exists(join(folder, indexFile))) return openShards(folder);
  const remedy = `save the model with transformers' save_pretrained(folder, safe_serialization=True)`;
  throw new MgrpoError('INVALID_MODEL', `${folder} has no ${singleFile} and no index; ${remedy}`);
}

/** Opens one safetensors file of a folder. */
export async function openFileSource(folder: string, name: string): Promise<TensorSource> {
  const file = await SafetensorsFile.open(join(folder, name));
  return sourceOf(folder, [file], new Map([...file.tensors.keys()].map((key) => [key, file])));
}

async function openShards(folder: string): Promise<TensorSource> {
  const index = join(folder, indexFile);
  const { shardOf } = await readIndex(folder);
  const files = new Map<string, SafetensorsFile>();
  try {
    for (const shard of new Set(shardOf.values())) {
      files.set(shard, await SafetensorsFile.open(join(folder, shard)));
    }
    const fileOf = new Map<string, SafetensorsFile>();
    for (const [tensor, shard] of shardOf) {
      const file = files.get(shard)!;
      if (!file.tensors.has(tensor)) {
        const what = `${index} places ${tensor} in ${shard}, which does not hold it`;
        throw new MgrpoError('INVALID_MODEL', `${what}; download the folder again`);
      }
      fileOf.set(tensor, file);
    }
    return sourceOf(folder, [...files.values()], fileOf);
  } catch (error) {
    for (const file of files.values()) await file.close();
    throw error;
  }
}

/** What `model.safetensors.index.json` says. */
interface ShardIndex {
  /** Which shard holds which tensor. */
  readonly shardOf: ReadonlyMap<string, string>;
  /** Of all tensors; null where it is not stated. */
  readonly totalBytes: number | null;
}

/** Reads the index of a folder; INVALID_MODEL when it is malformed or names a file outside the folder. */
export async function readIndex(folder: string): Promise<ShardIndex> {
  const path = join(folder, indexFile);
  const text = await readFile(path, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const what = `${path} is no JSON: ${messageOf(error)}`;
    throw new MgrpoError('INVALID_MODEL', what, { cause: error });
  }
  const map = isJsonObject(json) ? json.weight_map : undefined;
  if (!isJsonObject(map)) {
    throw new MgrpoError('INVALID_MODEL', `${path} has no "weight_map"`);
  }
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (tensor === '__proto__' || typeof shard !== 'string' || !shardName.test(shard)) {
      const what = `${path} places ${tensor} in ${JSON.stringify(shard)}`;
      throw new MgrpoError('INVALID_MODEL', `${what}; a shard is a .safetensors file beside it`);
    }
    shards.set(tensor, shard);
  }
  const metadata = isJsonObject(json) && isJsonObject(json.metadata) ? json.metadata : {};
  const { total_size: bytes } = metadata;
  return { shardOf: shards, totalBytes: isCount(bytes) ? bytes : null };
}

function sourceOf(
  folder: string,
  files: readonly SafetensorsFile[],
  fileOf: ReadonlyMap<string, SafetensorsFile>,
): TensorSource {
  const stored = [...fileOf].map(([name, file]) => file.tensors.get(name)!);
  return {
    folder,
    numBytes: stored.reduce((sum, { begin, end }) => sum + end - begin, 0),
    names: () => [...fileOf.keys()],
    has: (name) => fileOf.has(name),
    shapeOf: (name) => fileOf.get(name)?.tensors.get(name)?.shape,
    dtypeOf: (name) => fileOf.get(name)?.tensors.get(name)?.dtype,
    readInto: (name, target, first) => fileOf.get(name)!.readInto(name, target, first),
    close: async () => {
      for (const file of files) await file.close();
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
