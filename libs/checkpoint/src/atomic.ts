import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Files } from './files.ts';
import { ensureFolder, hasErrno, pieces, syncFolder, writeAll, writeError } from './files.ts';

/** What a file holds: enough to notice that it was cut, changed or exchanged. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

// Unfinished work of a killed process; hidden, so that nothing mistakes it for the real thing.
const temporaryPrefix = '.tmp-';

/**
 * Writes a file so that readers see the old content or the new, never a part: temp file, fsync, rename,
 * fsync of the folder. RESOURCE when the disk is full; the old content stays.
 */
export async function writeFileAtomic(
  path: string,
  content: Iterable<Uint8Array>,
  files: Files,
): Promise<FileDigest> {
  const temporary = temporaryPath(path);
  try {
    const digest = await writeDurably(temporary, content, files);
    await files.rename(temporary, path);
    await syncFolder(dirname(path), files);
    return digest;
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw writeError(path, error);
  }
}

/** Writes JSON, indented, atomically. */
export function writeJsonAtomic(path: string, value: unknown, files: Files): Promise<FileDigest> {
  return writeFileAtomic(path, [jsonBytes(value)], files);
}

/** Writes a folder's files before it gets its name. */
export class FolderWriter {
  /** Digests of the files written so far, by their path inside the folder. */
  readonly digests: Record<string, FileDigest> = {};
  readonly #folder: string;
  readonly #files: Files;

  constructor(folder: string, files: Files) {
    this.#folder = folder;
    this.#files = files;
  }

  /** Writes a file; `name` is a path inside the folder, with `/`. */
  async write(name: string, content: Iterable<Uint8Array>): Promise<void> {
    const path = join(this.#folder, name);
    if (dirname(path) !== this.#folder) await ensureFolder(dirname(path), this.#files);
    this.digests[name] = await writeDurably(path, content, this.#files);
    await syncFolder(dirname(path), this.#files);
  }

  /** Writes a JSON file, indented. */
  writeJson(name: string, value: unknown): Promise<void> {
    return this.write(name, [jsonBytes(value)]);
  }
}

/**
 * Makes a folder appear whole or not at all; a folder already there is replaced.
 *
 * RESOURCE when the disk is full; a folder already there stays then.
 */
export async function writeFolderAtomic(
  folder: string,
  fill: (writer: FolderWriter) => Promise<void>,
  files: Files,
): Promise<void> {
  const temporary = temporaryPath(folder);
  try {
    await ensureFolder(temporary, files);
    await fill(new FolderWriter(temporary, files));
    await removeFolder(folder, files);
    await files.rename(temporary, folder);
    await syncFolder(dirname(folder), files);
  } catch (error) {
    await files.rm(temporary, { recursive: true, force: true });
    throw writeError(folder, error);
  }
}

/** Removes a folder in one step: nobody sees a part of it. No folder is fine too. */
export async function removeFolder(folder: string, files: Files): Promise<void> {
  const temporary = temporaryPath(folder);
  try {
    await files.rename(folder, temporary);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    throw error;
  }
  await files.rm(temporary, { recursive: true, force: true });
}

/** Removes what killed processes left unfinished in a folder. */
export async function removeTemporaries(folder: string, files: Files): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    await files.rm(join(folder, name), { recursive: true, force: true });
  }
}

function temporaryPath(path: string): string {
  return join(dirname(path), `${temporaryPrefix}${basename(path)}-${randomUUID()}`);
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

async function writeDurably(
  path: string,
  content: Iterable<Uint8Array>,
  files: Files,
): Promise<FileDigest> {
  const handle = await files.open(path, 'wx');
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for (const part of content) {
      for (const piece of pieces(part)) {
        hash.update(piece);
        await writeAll(handle, piece);
        bytes += piece.length;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}
