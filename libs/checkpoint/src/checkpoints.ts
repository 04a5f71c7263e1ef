import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdapterOptions } from '@mgrpo/algorithm';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { faultPoint } from '@mgrpo/faults';
import type { ModelConfig } from '@mgrpo/model';
import { adapterSpecs, type ParameterSpec, parameterSpecs, parseModelConfig } from '@mgrpo/model';
import { adapterFiles, writeAdapterFiles } from './adapter-files.ts';
import type { FileDigest, FolderWriter } from './atomic.ts';
import { removeFolder, removeTemporaries, writeFolderAtomic } from './atomic.ts';
import type { Files } from './files.ts';
import { ensureFolder } from './files.ts';
import type { JsonObject } from './json.ts';
import { isCount, isJsonObject } from './json.ts';
import { namedTensors, readParameters, writeModelFiles } from './model-folder.ts';
import type { NamedTensor } from './safetensors.ts';
import { encodeSafetensors } from './safetensors.ts';
import {
  indexFile,
  openFileSource,
  openTensorSource,
  singleFile,
  type TensorSource,
} from './tensor-source.ts';

/** What training needs to go on as if it had never stopped. Arrays are flat and in canonical order. */
export interface CheckpointState {
  /** Iterations applied, which is also the weight version of `policy` and `momentum`. */
  readonly iterations: number;
  readonly policy: Float32Array;
  readonly momentum: Float32Array;
  /** What trains where the policy is the sum of it and the base model; else null. */
  readonly adapter: Float32Array | null;
  /** Of the adapter where there is one, else of the policy. */
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Optimiser updates so far; fewer than `iterations` where iterations had no signal. */
  readonly optimizerSteps: number;
  /** What the loss is multiplied by, and for how many steps it has been, where gradients are computed in float16. */
  readonly lossScale: { readonly scale: number; readonly steps: number } | null;
}

/** A checkpoint found on disk, verified, with the folder it came from. */
export interface LoadedCheckpoint {
  readonly folder: string;
  readonly state: CheckpointState;
}

export interface CheckpointStoreOptions {
  /** How many of the newest checkpoints stay. */
  readonly keep: number;
  readonly configJson: JsonObject;
  /** Whether and what adapter trains. */
  readonly adapter: AdapterOptions | null;
  /** The base model's folder: its tokenizer files go into every checkpoint. */
  readonly tokenizerFolder: string;
  readonly files: Files;
  /** See `ModelToSave`. */
  readonly maxShardBytes?: number;
  /** True for the iterations of a checkpoint that must stay, because someone reads it. */
  readonly isPinned?: (iterations: number) => boolean;
  /** Told, in a sentence, of a checkpoint that can't be used. */
  readonly warn: (message: string) => void;
}

const formatVersion = 1;
const manifestName = 'manifest.json';
const folderPattern = /^step-(\d{1,9})$/;
// A manifest may not send us out of its folder.
const safeName = /^((trainer|adapter)\/)?[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** True for the names, inside of a checkpoint's folder, that its files may have. */
export const isCheckpointFile = (name: string): boolean => safeName.test(name);
const trainerFiles = {
  state: 'trainer/state.json',
  momentum: 'trainer/momentum.safetensors',
  optimizer: 'trainer/optimizer.safetensors',
} as const;
const firstMomentPrefix = 'first_moment.';
const secondMomentPrefix = 'second_moment.';

/**
 * `checkpoints/step-N`: a model folder that transformers and vLLM open as it is (the policy), and beside it
 * `trainer/` with the momentum model, AdamW's moments and the counters, out of the way of vLLM, which loads
 * every `.safetensors` file at the top. Where an adapter trains, it is in `adapter/` as PEFT has it, and the
 * moments are its own. `manifest.json` has the SHA-256 of every file.
 */
export class CheckpointStore {
  readonly #folder: string;
  readonly #options: CheckpointStoreOptions;
  readonly #config: ModelConfig;

  private constructor(folder: string, options: CheckpointStoreOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#config = parseModelConfig(options.configJson);
  }

  static async open(folder: string, options: CheckpointStoreOptions): Promise<CheckpointStore> {
    await ensureFolder(folder, options.files);
    await removeTemporaries(folder, options.files);
    return new CheckpointStore(folder, options);
  }

  /**
   * Writes `step-N` and removes all but the newest `keep`; returns its folder.
   *
   * A valid checkpoint of the same iteration is left as it is. RESOURCE when the disk is full: earlier
   * checkpoints stay.
   */
  async save(state: CheckpointState): Promise<string> {
    const { files, keep, isPinned = () => false } = this.#options;
    const folder = join(this.#folder, `step-${state.iterations}`);
    const existing = await listCheckpoints(this.#folder);
    const isThere = existing.includes(state.iterations) && (await this.#problemOf(folder)) === null;
    if (!isThere) await writeFolderAtomic(folder, (writer) => this.#write(writer, state), files);
    const older = existing.filter((iterations) => iterations < state.iterations).reverse();
    for (const iterations of older.slice(keep - 1)) {
      if (isPinned(iterations)) continue;
      await removeFolder(join(this.#folder, `step-${iterations}`), files);
    }
    return folder;
  }

  /** For who only looks: nothing is made or removed, since a learner may be at work. */
  static look(folder: string, options: CheckpointStoreOptions): CheckpointStore {
    return new CheckpointStore(folder, options);
  }

  /**
   * The newest checkpoint of at most so many iterations whose files are as they were written, or null; those
   * passed over are reported aloud.
   */
  async newest(maxIterations = Number.POSITIVE_INFINITY): Promise<LoadedCheckpoint | null> {
    const candidates = (await listCheckpoints(this.#folder)).filter((n) => n <= maxIterations);
    for (const iterations of candidates.reverse()) {
      const folder = join(this.#folder, `step-${iterations}`);
      const problem = await this.#problemOf(folder);
      if (problem === null) return { folder, state: await this.#read(folder) };
      this.#options.warn(`checkpoint ${folder} is not used: ${problem}`);
    }
    return null;
  }

  /**
   * The newest checkpoint from which a journal of so many iterations can be continued, or null.
   *
   * A newer one means that the journal has lost its end; it is reported aloud and left alone.
   */
  async newestFor(journaled: number): Promise<LoadedCheckpoint | null> {
    for (const iterations of await listCheckpoints(this.#folder)) {
      if (iterations <= journaled) continue;
      const folder = join(this.#folder, `step-${iterations}`);
      const why = `the journal ends after ${journaled} iterations`;
      this.#options.warn(`checkpoint ${folder} is not used: ${why}`);
    }
    return await this.newest(journaled);
  }

  /** The folder of the newest checkpoint of at most so many iterations, or null; its arrays are not read. */
  async newestFolder(maxIterations: number): Promise<string | null> {
    const candidates = (await listCheckpoints(this.#folder)).filter((n) => n <= maxIterations);
    for (const iterations of candidates.reverse()) {
      const folder = join(this.#folder, `step-${iterations}`);
      if ((await this.#problemOf(folder)) === null) return folder;
    }
    return null;
  }

  async #write(writer: FolderWriter, state: CheckpointState): Promise<void> {
    const { configJson, tokenizerFolder, maxShardBytes } = this.#options;
    const weights = state.policy;
    await writeModelFiles(writer, { configJson, weights, tokenizerFolder, maxShardBytes });
    const trained = this.#trainedSpecs();
    const moments: NamedTensor[] = [
      ...namedTensors(trained, state.firstMoment, firstMomentPrefix),
      ...namedTensors(trained, state.secondMoment, secondMomentPrefix),
    ];
    const momentum = namedTensors(parameterSpecs(this.#config), state.momentum);
    await writer.write(trainerFiles.momentum, encodeSafetensors(momentum));
    faultPoint('mid-checkpoint');
    await writer.write(trainerFiles.optimizer, encodeSafetensors(moments));
    const { adapter } = this.#options;
    if (adapter !== null && state.adapter !== null) {
      const tensors = namedTensors(trained, state.adapter);
      await writeAdapterFiles(writer, { adapter, tensors, baseModel: tokenizerFolder });
    }
    const { iterations, optimizerSteps, lossScale } = state;
    const scaled = lossScale === null ? {} : { lossScale };
    await writer.writeJson(trainerFiles.state, { iterations, optimizerSteps, ...scaled });
    // Last, because it vouches for the rest.
    await writer.writeJson(manifestName, { formatVersion, iterations, files: writer.digests });
  }

  async #read(folder: string): Promise<CheckpointState> {
    const counters = parseCounters(
      folder,
      await readFile(join(folder, trainerFiles.state), 'utf8'),
    );
    const specs = parameterSpecs(this.#config);
    const trained = this.#trainedSpecs();
    const file = (name: string) => openFileSource(folder, name);
    const { optimizer } = trainerFiles;
    return {
      ...counters,
      policy: await readAndClose(await openTensorSource(folder), specs),
      momentum: await readAndClose(await file(trainerFiles.momentum), specs),
      adapter:
        this.#options.adapter === null
          ? null
          : await readAndClose(await file(adapterFiles.weights), trained),
      firstMoment: await readAndClose(await file(optimizer), trained, firstMomentPrefix),
      secondMoment: await readAndClose(await file(optimizer), trained, secondMomentPrefix),
    };
  }

  #problemOf(folder: string): Promise<string | null> {
    const ofAdapter = this.#options.adapter === null ? [] : Object.values(adapterFiles);
    return problemOf(folder, [...Object.values(trainerFiles), ...ofAdapter]);
  }

  /** Of what the optimiser moves. */
  #trainedSpecs(): readonly ParameterSpec[] {
    const { adapter } = this.#options;
    return adapter === null ? parameterSpecs(this.#config) : adapterSpecs(this.#config, adapter);
  }
}

async function readAndClose(
  source: TensorSource,
  specs: readonly ParameterSpec[],
  prefix = '',
): Promise<Float32Array> {
  try {
    const named = specs.map((spec) => ({ ...spec, name: prefix + spec.name }));
    return await readParameters(source, named);
  } finally {
    await source.close();
  }
}

/**
 * What a checkpoint's folder holds, its manifest included; CORRUPT when the manifest can't be believed.
 *
 * The digests are those of when it was written; whoever reads the files compares them.
 */
export async function checkpointFiles(folder: string): Promise<Record<string, FileDigest>> {
  const bytes = await readFile(join(folder, manifestName));
  const files = manifestFiles(JSON.parse(bytes.toString('utf8')), Object.values(trainerFiles));
  if (typeof files === 'string') throw new MgrpoError('CORRUPT', `${folder}: ${files}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...files, [manifestName]: { bytes: bytes.length, sha256 } };
}

function parseCounters(
  folder: string,
  text: string,
): Pick<CheckpointState, 'iterations' | 'optimizerSteps' | 'lossScale'> {
  const { iterations, optimizerSteps, lossScale = null } = JSON.parse(text) as JsonObject;
  const isWhole = isCount(iterations) && isCount(optimizerSteps) && isLossScale(lossScale);
  if (!isWhole) {
    const what = `${join(folder, trainerFiles.state)} lacks iterations, optimizerSteps or a whole lossScale`;
    throw new MgrpoError('CORRUPT', `${what}; delete the checkpoint, the one before is used then`);
  }
  return { iterations, optimizerSteps, lossScale };
}

function isLossScale(value: unknown): value is CheckpointState['lossScale'] {
  if (value === null) return true;
  return isJsonObject(value) && isCount(value.scale) && value.scale >= 1 && isCount(value.steps);
}

/** The iterations of the checkpoints in a folder, ascending, valid or not. */
async function listCheckpoints(folder: string): Promise<number[]> {
  const iterations = (await readdir(folder)).flatMap((name) => {
    const match = folderPattern.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return iterations.sort((a, b) => a - b);
}

/** What is wrong with a checkpoint, judged by its manifest, or null. */
async function problemOf(folder: string, required: readonly string[]): Promise<string | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, manifestName), 'utf8'));
    const files = manifestFiles(manifest, required);
    if (typeof files === 'string') return files;
    for (const [name, expected] of Object.entries(files)) {
      const actual = await digestFile(join(folder, name));
      if (actual.bytes !== expected.bytes) {
        return `${name} has ${actual.bytes} of ${expected.bytes} bytes`;
      }
      if (actual.sha256 !== expected.sha256) return `${name} does not match its checksum`;
    }
    return null;
  } catch (error) {
    // A missing, unreadable or garbled file makes a checkpoint unusable, whatever the reason.
    return messageOf(error);
  }
}

/** The files a manifest vouches for, or what is wrong with it. */
function manifestFiles(
  manifest: unknown,
  required: readonly string[],
): Record<string, FileDigest> | string {
  if (!isJsonObject(manifest)) return `${manifestName} is no object`;
  const { formatVersion: version, files } = manifest;
  if (version !== formatVersion) {
    return `its format version is ${version}, this program reads ${formatVersion}`;
  }
  if (!isJsonObject(files)) return `${manifestName} names no files`;
  const weights = Object.hasOwn(files, indexFile) ? indexFile : singleFile;
  const names = ['config.json', weights, ...required];
  const missing = names.filter((name) => !Object.hasOwn(files, name));
  if (missing.length > 0) return `${manifestName} does not name ${missing.join(', ')}`;
  const stray = Object.keys(files).find((name) => !safeName.test(name));
  if (stray !== undefined)
    return `${manifestName} names ${stray}, which is no file of a checkpoint`;
  return files as Record<string, FileDigest>;
}

async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  let bytes = 0;
  for await (const chunk of handle.createReadStream({ highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
