import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MgrpoError } from '@mgrpo/errors';
import type { Files } from './files.ts';
import { syncFolder, writeAll, writeError } from './files.ts';

/**
 * A file that only grows, each addition on disk before `append` returns.
 *
 * After a failed write the end of the file is unknown, so every later append fails too; the next process
 * that opens the file cuts or skips the part that is left.
 */
export class AppendFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #size: number;
  #failure: MgrpoError | null = null;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#size = size;
  }

  /** `create` fails if the file exists already; `continue` opens it, or makes it, at its end. */
  static async open(path: string, mode: 'create' | 'continue', files: Files): Promise<AppendFile> {
    let handle: FileHandle | null = null;
    try {
      handle = await files.open(path, mode === 'create' ? 'ax' : 'a');
      await syncFolder(dirname(path), files);
      return new AppendFile(path, handle, (await handle.stat()).size);
    } catch (error) {
      await handle?.close();
      throw writeError(path, error);
    }
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** Adds `bytes`, after those of earlier calls, and waits until the disk has them; RESOURCE when it can't. */
  append(bytes: Uint8Array): Promise<void> {
    const appended = this.#last.then(() => this.#write(bytes));
    this.#last = appended.catch(() => {});
    return appended;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    try {
      await writeAll(this.#handle, bytes);
      await this.#handle.datasync();
      this.#size += bytes.length;
    } catch (error) {
      this.#failure = writeError(this.path, error);
      throw this.#failure;
    }
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }
}
