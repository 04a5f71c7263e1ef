import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { writeJsonAtomic } from './atomic.ts';
import type { CheckpointStoreOptions } from './checkpoints.ts';
import { CheckpointStore } from './checkpoints.ts';
import { LearnerEpoch } from './epoch.ts';
import type { Files } from './files.ts';
import { diskFiles, ensureFolder, hasErrno } from './files.ts';
import { Journal } from './journal.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject } from './json.ts';
import { MetricsLog } from './metrics-log.ts';
import { VersionStore } from './versions.ts';

/** Names of what lies in a run folder. */
export const runFiles = {
  config: 'config.json',
  manifest: 'manifest.json',
  metrics: 'metrics.jsonl',
  result: 'result.json',
  journal: 'journal',
  versions: 'versions',
  checkpoints: 'checkpoints',
  epochs: 'epochs',
  quarantine: 'quarantine',
} as const;

const formatVersion = 1;

export interface RunFolderOptions {
  /** Told, in a sentence, of anything found cut short or unusable. */
  readonly warn: (message: string) => void;
  readonly files?: Files;
}

/** A run on disk: its resolved configuration and manifest, and the way to the parts that grow. */
export class RunFolder {
  readonly path: string;
  /** The resolved configuration. */
  readonly config: JsonObject;
  readonly #warn: (message: string) => void;
  readonly #files: Files;
  #manifest: JsonObject;

  private constructor(
    path: string,
    contents: { config: JsonObject; manifest: JsonObject },
    { warn, files = diskFiles }: RunFolderOptions,
  ) {
    this.path = path;
    this.config = contents.config;
    this.#manifest = contents.manifest;
    this.#warn = warn;
    this.#files = files;
  }

  /** Starts a run in a folder; USAGE when the folder holds one already, RESOURCE when it can't be written. */
  static async create(
    path: string,
    contents: { config: JsonObject; manifest: JsonObject },
    options: RunFolderOptions,
  ): Promise<RunFolder> {
    const { files = diskFiles } = options;
    await ensureFolder(path, files);
    if ((await readJson(join(path, runFiles.manifest))) !== null) {
      const remedy = 'continue it with --resume, or choose another folder with --run';
      throw new MgrpoError('USAGE', `${path} already holds a run; ${remedy}`);
    }
    const manifest = { formatVersion, ...contents.manifest };
    await writeJsonAtomic(join(path, runFiles.config), contents.config, files);
    // Last, because a folder with a manifest counts as a run.
    await writeJsonAtomic(join(path, runFiles.manifest), manifest, files);
    return new RunFolder(path, { config: contents.config, manifest }, options);
  }

  /** Opens a run; NOT_FOUND when the folder holds none, INCOMPATIBLE when another version wrote it. */
  static async open(path: string, options: RunFolderOptions): Promise<RunFolder> {
    const config = await readJson(join(path, runFiles.config));
    const manifest = await readJson(join(path, runFiles.manifest));
    if (config === null || manifest === null) {
      const what = `${path} holds no run (${runFiles.config}, ${runFiles.manifest})`;
      throw new MgrpoError('NOT_FOUND', `${what}; name the folder of one`);
    }
    if (manifest.formatVersion !== formatVersion) {
      const what = `${path} has run format ${manifest.formatVersion}, this program ${formatVersion}`;
      throw new MgrpoError('INCOMPATIBLE', `${what}; continue it with the version that made it`);
    }
    return new RunFolder(path, { config, manifest }, options);
  }

  /** What the run was started with: hashes of the base weights, versions, fingerprints, devices. */
  get manifest(): JsonObject {
    return this.#manifest;
  }

  /** Writes down what only the running run could tell; what the manifest has under other names stays. */
  async addToManifest(facts: JsonObject): Promise<void> {
    const manifest = { ...this.#manifest, ...facts };
    await writeJsonAtomic(join(this.path, runFiles.manifest), manifest, this.#files);
    this.#manifest = manifest;
  }

  /** Makes the caller the run's only learner. */
  takeEpoch(): Promise<LearnerEpoch> {
    return LearnerEpoch.take(join(this.path, runFiles.epochs), this.#files);
  }

  openJournal(epoch: LearnerEpoch): Promise<Journal> {
    return Journal.open(join(this.path, runFiles.journal), { epoch, ...this.#edge() });
  }

  /** `keep`: versions of each role that stay, at least lag + 1. */
  openVersions(keep: number): Promise<VersionStore> {
    return VersionStore.open(join(this.path, runFiles.versions), { keep, ...this.#edge() });
  }

  openCheckpoints(
    options: Omit<CheckpointStoreOptions, 'files' | 'warn'>,
  ): Promise<CheckpointStore> {
    const folder = join(this.path, runFiles.checkpoints);
    return CheckpointStore.open(folder, { ...options, ...this.#edge() });
  }

  /** The checkpoints for reading only. */
  lookAtCheckpoints(
    options: Pick<CheckpointStoreOptions, 'configJson' | 'tokenizerFolder' | 'adapter'>,
  ): CheckpointStore {
    const folder = join(this.path, runFiles.checkpoints);
    return CheckpointStore.look(folder, { ...options, keep: 0, ...this.#edge() });
  }

  openMetrics(): Promise<MetricsLog> {
    return MetricsLog.open(join(this.path, runFiles.metrics), this.#edge());
  }

  /** Names what the run has come to where that is not its newest checkpoint; null takes it back. */
  async setResult(result: JsonObject | null): Promise<void> {
    const path = join(this.path, runFiles.result);
    if (result === null) await rm(path, { force: true });
    else await writeJsonAtomic(path, result, this.#files);
  }

  /**
   * Keeps a job that nobody can do, with its input; returns the file, from the run folder on.
   *
   * INVALID_MESSAGE when `name` could lead out of the folder.
   */
  async quarantine(name: string, job: JsonObject): Promise<string> {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(name)) {
      throw new MgrpoError('INVALID_MESSAGE', `${JSON.stringify(name)} is no name of a file`);
    }
    const folder = join(this.path, runFiles.quarantine);
    await ensureFolder(folder, this.#files);
    await writeJsonAtomic(join(folder, `${name}.json`), job, this.#files);
    return `${runFiles.quarantine}/${name}.json`;
  }

  #edge() {
    return { files: this.#files, warn: this.#warn };
  }
}

/** A JSON object from a file, null when there is no file; CORRUPT when it is something else. */
async function readJson(path: string): Promise<JsonObject | null> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (isJsonObject(json)) return json;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    const what = `can't read ${path}: ${messageOf(error)}`;
    throw new MgrpoError('CORRUPT', what, { cause: error });
  }
  throw new MgrpoError('CORRUPT', `${path} is no JSON object`);
}
