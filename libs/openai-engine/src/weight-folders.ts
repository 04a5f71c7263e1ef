import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject, saveModelFolder, weightsSha256 } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';

/** A weight version on the disk that the server shares. */
export interface StoredWeights {
  readonly version: number;
  /** As the server sees it. */
  readonly path: string;
  readonly sha256: string;
  /** The flat weights, where they are kept for the probe. */
  readonly flat: Float32Array | null;
}

export interface WeightFoldersOptions {
  /** This worker's own: what is in it when it starts is removed. */
  readonly folder: string;
  /** The same folder as the server sees it. */
  readonly folderOnServer: string;
  readonly configJson: JsonObject;
  readonly tokenizerFolder: string;
  readonly keepFlat: boolean;
  /** Folders kept, at least: one more than the versions in use, for a server that still reads the oldest. */
  readonly keep: number;
}

/** Weight versions as Hugging Face model folders. */
export class WeightFolders {
  readonly #options: WeightFoldersOptions;
  readonly #stored = new Map<number, StoredWeights>();
  /** Names of folders, oldest first. */
  readonly #names: string[] = [];

  private constructor(options: WeightFoldersOptions) {
    this.#options = options;
  }

  /** Empties the folder, which a worker that died may have left full. */
  static async open(options: WeightFoldersOptions): Promise<WeightFolders> {
    await rm(options.folder, { recursive: true, force: true });
    return new WeightFolders(options);
  }

  /** In order. */
  versions(): readonly number[] {
    return [...this.#stored.keys()].sort((a, b) => a - b);
  }

  /** @throws MgrpoError STALE_WEIGHTS when the version is not held */
  get(version: number): StoredWeights {
    const weights = this.#stored.get(version);
    if (weights !== undefined) return weights;
    const held = this.versions().join(', ') || 'none';
    const message = `weight version ${version} is not here (held: ${held}); send it first`;
    throw new MgrpoError('STALE_WEIGHTS', message);
  }

  /** Writes a version, whole or not at all; a folder is named by its contents, so a server's cache of paths is no trap. */
  async add(version: number, flat: Float32Array): Promise<void> {
    const { folder, folderOnServer, configJson, tokenizerFolder, keepFlat } = this.#options;
    const sha256 = weightsSha256(flat);
    if (this.#stored.get(version)?.sha256 === sha256) return;
    const name = `v${version}-${sha256.slice(0, 12)}`;
    await saveModelFolder(join(folder, name), { configJson, weights: flat, tokenizerFolder });
    const path = `${folderOnServer}/${name}`;
    this.#stored.set(version, { version, path, sha256, flat: keepFlat ? flat : null });
    this.#names.push(name);
    await this.#prune();
  }

  /** Forgets a version; its folder goes when enough newer ones are there. */
  async drop(version: number): Promise<void> {
    this.#stored.delete(version);
    await this.#prune();
  }

  /** Removes all folders. */
  async close(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async #prune(): Promise<void> {
    const inUse = new Set([...this.#stored.values()].map(({ path }) => path.split('/').at(-1)));
    const surplus = this.#names.slice(0, Math.max(0, this.#names.length - this.#options.keep));
    for (const name of surplus.filter((each) => !inUse.has(each))) {
      this.#names.splice(this.#names.indexOf(name), 1);
      await rm(join(this.#options.folder, name), { recursive: true, force: true });
    }
  }
}
