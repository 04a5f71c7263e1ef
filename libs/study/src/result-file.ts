import { accessSync, constants, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** Makes a folder for results; RESOURCE where nothing can be written, before hours of work are lost to it. */
export function openResults(folder: string): void {
  writing(folder, () => {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  });
}

/** Writes a file whole or not at all, and the folders above it; RESOURCE where that can't be done. */
export function writeResult(path: string, content: string | Uint8Array): void {
  // By process, so that two studies of one folder don't write into each other's.
  const unfinished = `${path}.${process.pid}.new`;
  writing(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unfinished, content);
    renameSync(unfinished, path);
  });
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const remedy = 'make room or the folder writable, or choose another --out';
    const message = `can't write ${path}: ${messageOf(cause)}; ${remedy}`;
    throw new MgrpoError('RESOURCE', message, { cause });
  }
}
