import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { dataFilesOf } from './data-files.ts';

/**
 * Hex sha256 of what a data set holds: of its one file, or of its files' hashes in their order.
 *
 * Folder and file names do not count, so that a copy is the same data.
 */
export async function dataSha256(path: string): Promise<string> {
  const files = await dataFilesOf(path);
  if (files.length === 1) return await fileSha256(files[0]!.file);
  const hash = createHash('sha256');
  for (const { file } of files) hash.update(`${await fileSha256(file)}\n`);
  return hash.digest('hex');
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return hash.digest('hex');
}
