import type { FileHandle } from 'node:fs/promises';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** The file system as this library writes to it; tests pass one that fills up or breaks. */
export type Files = Pick<typeof fs, 'open' | 'mkdir' | 'rename' | 'rm'>;

export const diskFiles: Files = fs;

// One write call takes at most 2 GiB, and hashing a piece of this size blocks the event loop for about 5 ms.
const maxWriteBytes = 8 * 1024 * 1024;

/** The bytes of `bytes` as pieces of at most 8 MiB, without copying. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += maxWriteBytes) {
    yield bytes.subarray(start, start + maxWriteBytes);
  }
}

/** Writes all of `bytes` at the handle's position, however little one call takes. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const length = Math.min(bytes.length - written, maxWriteBytes);
    const result = await handle.write(bytes, written, length);
    written += result.bytesWritten;
  }
}

/** Fills `target` from `position` on; returns the bytes read, fewer only at the end of the file. */
export async function readAll(
  handle: FileHandle,
  target: Uint8Array,
  position: number,
): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const length = Math.min(target.length - filled, maxWriteBytes);
    const { bytesRead } = await handle.read(target, filled, length, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Makes created, renamed and deleted entries of a folder survive a power cut. */
export async function syncFolder(folder: string, files: Files): Promise<void> {
  const handle = await files.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder and its parents, and makes its own entry durable. */
export async function ensureFolder(folder: string, files: Files): Promise<void> {
  try {
    await files.mkdir(folder, { recursive: true });
    await syncFolder(dirname(folder), files);
  } catch (error) {
    throw writeError(folder, error);
  }
}

/** True when a system call failed with one of these codes, for example `ENOENT`. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** What a failed write means to the user: RESOURCE, naming the path and what to do. */
export function writeError(path: string, error: unknown): MgrpoError {
  if (error instanceof MgrpoError) return error;
  const remedy = hasErrno(error, 'ENOSPC', 'EDQUOT')
    ? 'the disk is full: free space and continue with --resume, what was saved before is intact'
    : `${messageOf(error)}; check the folder's permissions and disk, what was saved before is intact`;
  return new MgrpoError('RESOURCE', `can't write ${path}: ${remedy}`, { cause: error });
}
