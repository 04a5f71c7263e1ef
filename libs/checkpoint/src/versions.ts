import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Role } from '@mgrpo/algorithm';
import { MgrpoError } from '@mgrpo/errors';
import { removeTemporaries, writeFileAtomic } from './atomic.ts';
import type { Files } from './files.ts';
import { ensureFolder, readAll } from './files.ts';
import { bytesOf, weightsSha256 } from './float-bytes.ts';

/** One weight version on disk. */
export interface StoredVersion {
  readonly role: Role;
  readonly version: number;
  readonly sha256: string;
  readonly path: string;
}

export interface VersionStoreOptions {
  /** How many of the newest versions of each role stay. */
  readonly keep: number;
  readonly files: Files;
  /** Told when a version is written again with other weights. */
  readonly warn: (message: string) => void;
}

const pattern = /^(policy|momentum)-(\d{1,9})-([0-9a-f]{64})\.f32$/;

/**
 * The newest weight versions of both roles: `versions/policy-12-<sha256>.f32`, the bytes that go over the wire
 * (float32, little endian, canonical order).
 */
export class VersionStore {
  readonly #folder: string;
  readonly #options: VersionStoreOptions;
  #stored: readonly StoredVersion[];

  private constructor(folder: string, options: VersionStoreOptions, stored: StoredVersion[]) {
    this.#folder = folder;
    this.#options = options;
    this.#stored = stored;
  }

  static async open(folder: string, options: VersionStoreOptions): Promise<VersionStore> {
    await ensureFolder(folder, options.files);
    await removeTemporaries(folder, options.files);
    const stored = (await readdir(folder)).flatMap((name) => {
      const [, role, version, sha256] = pattern.exec(name) ?? [];
      if (role === undefined || sha256 === undefined) return [];
      return [{ role: role as Role, version: Number(version), sha256, path: join(folder, name) }];
    });
    return new VersionStore(folder, options, stored);
  }

  /** What is stored of a role, oldest version first. */
  list(role: Role): StoredVersion[] {
    const versions = this.#stored.filter((stored) => stored.role === role);
    return versions.sort((a, b) => a.version - b.version);
  }

  /**
   * Stores a version and removes those that are `keep` or more behind it; returns the weights' SHA-256.
   *
   * A version already there is left as it is; if its weights were others, they are replaced, aloud: the
   * computation was not repeatable (another CPU or ONNX Runtime, or a disk that lies).
   */
  async put(role: Role, version: number, weights: Float32Array): Promise<string> {
    const sha256 = weightsSha256(weights);
    const { files, keep, warn } = this.#options;
    const existing = this.#stored.filter(
      (stored) => stored.role === role && stored.version === version,
    );
    const others = existing.filter((stored) => stored.sha256 !== sha256);
    if (others.length === existing.length) {
      const path = join(this.#folder, `${role}-${version}-${sha256}.f32`);
      await writeFileAtomic(path, [bytesOf(weights)], files);
      this.#stored = [...this.#stored, { role, version, sha256, path }];
    }
    if (others.length > 0) {
      const before = others.map((stored) => stored.sha256.slice(0, 12)).join(', ');
      warn(`${role} weights ${version} are ${sha256.slice(0, 12)} now, they were ${before} before`);
    }
    await this.#remove(others);
    const old = this.list(role).filter((stored) => stored.version <= version - keep);
    await this.#remove(old);
    return sha256;
  }

  /** A version's weights; NOT_FOUND when it is not stored, CORRUPT when the file was damaged. */
  async read(role: Role, version: number): Promise<{ weights: Float32Array; sha256: string }> {
    const stored = this.list(role).find((candidate) => candidate.version === version);
    if (stored === undefined) {
      const there = this.list(role).map((candidate) => candidate.version);
      const what = `version ${version} of the ${role} weights is not stored`;
      throw new MgrpoError('NOT_FOUND', `${what}, these are: ${there.join(', ') || 'none'}`);
    }
    const weights = await readFloats(stored.path);
    if (weightsSha256(weights) !== stored.sha256) {
      const remedy = 'delete the file: the version is computed again from a checkpoint';
      throw new MgrpoError('CORRUPT', `${stored.path} does not match its checksum; ${remedy}`);
    }
    return { weights, sha256: stored.sha256 };
  }

  async #remove(unwanted: readonly StoredVersion[]): Promise<void> {
    for (const { path } of unwanted) await this.#options.files.rm(path, { force: true });
    this.#stored = this.#stored.filter((stored) => !unwanted.includes(stored));
  }
}

async function readFloats(path: string): Promise<Float32Array> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const weights = new Float32Array(Math.floor(size / 4));
    await readAll(handle, bytesOf(weights), 0);
    return weights;
  } finally {
    await handle.close();
  }
}
