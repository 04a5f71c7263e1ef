import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import type { ModelConfig, ParameterSpec } from '@mgrpo/model';
import { parameterSpecs, parseModelConfig } from '@mgrpo/model';
import type { FolderWriter } from './atomic.ts';
import { writeFolderAtomic } from './atomic.ts';
import type { Files } from './files.ts';
import { diskFiles, hasErrno } from './files.ts';
import { bytesOf, weightsSha256 } from './float-bytes.ts';
import type { JsonObject } from './json.ts';
import { type ModelConfigFile, readModelConfig } from './model-config-file.ts';
import { isReadable, type NamedTensor } from './safetensors.ts';
import type { TensorSource } from './tensor-source.ts';
import { openTensorSource } from './tensor-source.ts';
import { writeWeightFiles } from './weight-files.ts';

const embedding = 'model.embed_tokens.weight';
const head = 'lm_head.weight';

/** What else a model folder may hold that a copy of the model needs. */
const companionFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'chat_template.jinja',
  'generation_config.json',
] as const;

/** A Hugging Face model folder, loaded. */
export interface ModelFolder extends ModelConfigFile {
  /** All parameters as one array in canonical order (`parameterSpecs`). */
  readonly weights: Float32Array;
  /** SHA-256 of `weights`. */
  readonly sha256: string;
  /** Tensors of the files that this architecture does not use; the caller says so aloud. */
  readonly unusedTensors: readonly string[];
}

/**
 * Loads `config.json` and `model.safetensors` (or the shards of `model.safetensors.index.json`) of a folder.
 *
 * INVALID_MODEL names the missing file or tensor, or the wrong shape, and the remedy.
 */
export async function loadModelFolder(folder: string): Promise<ModelFolder> {
  const { config, configJson } = await readModelConfig(folder);
  const source = await openTensorSource(folder);
  try {
    const specs = parameterSpecs(config);
    const weights = await readParameters(source, specs);
    if (config.tieWordEmbeddings && source.has(head)) await checkTiedHead(source, specs, weights);
    const unusedTensors = source.names().filter((name) => !isKnownTensor(config, specs, name));
    return { config, configJson, weights, sha256: weightsSha256(weights), unusedTensors };
  } finally {
    await source.close();
  }
}

/**
 * Checks a folder as `loadModelFolder` does, but reads only `config.json` and the headers of the weights: what is
 * wrong is said at once, however large the model is.
 */
export async function checkModelFolder(folder: string): Promise<void> {
  const { config } = await readModelConfig(folder);
  const source = await openTensorSource(folder);
  try {
    checkShapes(source, parameterSpecs(config));
  } finally {
    await source.close();
  }
}

/** The model configuration of a folder, without its weights: what a worker needs that gets them over the network. */
export async function loadModelConfig(folder: string): Promise<ModelConfig> {
  return (await readModelConfig(folder)).config;
}

/** Whether a model uses a tensor; one with a tied head may store it a second time. */
export function isKnownTensor(
  { tieWordEmbeddings }: ModelConfig,
  specs: readonly ParameterSpec[],
  name: string,
): boolean {
  return (tieWordEmbeddings && name === head) || specs.some((spec) => spec.name === name);
}

/** Reads the tensors of `specs` into one array, each checked for its shape first. */
export async function readParameters(
  source: TensorSource,
  specs: readonly ParameterSpec[],
): Promise<Float32Array> {
  checkShapes(source, specs);
  const weights = new Float32Array(specs.reduce((sum, { size }) => sum + size, 0));
  for (const { name, offset, size } of specs) {
    await source.readInto(name, weights.subarray(offset, offset + size));
  }
  return weights;
}

/** Flat weights as named tensors, which are views. */
export function namedTensors(
  specs: readonly ParameterSpec[],
  weights: Float32Array,
  prefix = '',
): NamedTensor[] {
  return specs.map(({ name, shape, offset, size }) => ({
    name: prefix + name,
    shape,
    values: weights.subarray(offset, offset + size),
  }));
}

/** A model to write: its weights, its configuration, and the folder whose tokenizer files it takes along. */
export interface ModelToSave {
  readonly configJson: JsonObject;
  readonly weights: Float32Array;
  readonly tokenizerFolder: string;
  /** Weights past it are cut into several files (bytes); 5 GB unless a test says otherwise. */
  readonly maxShardBytes?: number | undefined;
}

/** Writes a folder that transformers, vLLM and `loadModelFolder` open; a folder already there is replaced. */
export function saveModelFolder(
  folder: string,
  model: ModelToSave,
  files: Files = diskFiles,
): Promise<void> {
  return writeFolderAtomic(folder, (writer) => writeModelFiles(writer, model), files);
}

/** Writes `config.json`, the weights and the tokenizer's files. */
export async function writeModelFiles(writer: FolderWriter, model: ModelToSave): Promise<void> {
  const specs = parameterSpecs(parseModelConfig(model.configJson));
  await writer.writeJson('config.json', asFloat32(model.configJson));
  for (const name of companionFiles) {
    const content = await readFile(join(model.tokenizerFolder, name)).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return null;
      throw error;
    });
    if (content !== null) await writer.write(name, [content]);
  }
  await writeWeightFiles(writer, namedTensors(specs, model.weights), model.maxShardBytes);
}

/** The configuration with the type in which we store weights: `torch_dtype` (transformers 4) or `dtype` (5). */
function asFloat32(configJson: JsonObject): JsonObject {
  const key = 'dtype' in configJson ? 'dtype' : 'torch_dtype';
  return { ...configJson, [key]: 'float32' };
}

/** INVALID_MODEL names the first tensor of `specs` that is missing, of another shape or can't be read. */
export function checkShapes(source: TensorSource, specs: readonly ParameterSpec[]): void {
  for (const { name, shape } of specs) checkShape(source, name, shape);
}

function checkShape(source: TensorSource, name: string, expected: readonly number[]): void {
  const shape = source.shapeOf(name);
  if (shape === undefined) {
    const remedy =
      name === head
        ? 'if the model shares its embedding as the head, set "tie_word_embeddings": true in config.json'
        : 'the folder is incomplete or its config.json belongs to another model';
    throw new MgrpoError('INVALID_MODEL', `${source.folder} has no tensor ${name}; ${remedy}`);
  }
  if (shape.length !== expected.length || shape.some((size, i) => size !== expected[i])) {
    const remedy = 'config.json belongs to another model or was edited';
    throw new MgrpoError(
      'INVALID_MODEL',
      `${source.folder}: ${name} has shape [${shape}], but config.json asks for [${expected}]; ${remedy}`,
    );
  }
  const dtype = source.dtypeOf(name)!;
  if (!isReadable(dtype)) {
    const what = `${source.folder} stores ${name} as ${dtype}, which can't be read`;
    throw new MgrpoError('INVALID_MODEL', `${what}: convert it to F32, F16 or BF16`);
  }
}

/** A tied model may store its head a second time; if it is another matrix, one of the two would be lost. */
async function checkTiedHead(
  source: TensorSource,
  specs: readonly ParameterSpec[],
  weights: Float32Array,
): Promise<void> {
  const spec = specs.find(({ name }) => name === embedding)!;
  checkShape(source, head, spec.shape);
  const values = new Float32Array(spec.size);
  await source.readInto(head, values);
  const tied = weights.subarray(spec.offset, spec.offset + spec.size);
  if (Buffer.compare(bytesOf(values), bytesOf(tied)) !== 0) {
    throw new MgrpoError(
      'INVALID_MODEL',
      `${source.folder}: ${head} differs from ${embedding} although config.json says "tie_word_embeddings": true; set it to false to keep both`,
    );
  }
}
