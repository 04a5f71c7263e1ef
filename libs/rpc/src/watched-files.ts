import { readFileSync } from 'node:fs';
import { MgrpoError, messageOf } from '@mgrpo/errors';

export interface WatchedFilesOptions<T> {
  /** Paths by the configuration keys that name them. */
  readonly files: Readonly<Record<string, string>>;
  /** Makes the value of the files' contents, by key; throws when they do not fit together. */
  parse(contents: Readonly<Record<string, Buffer>>): T;
  /** How often the files are looked at. */
  readonly everyMs: number;
  /** Told once of each change that can't be used; the value before stays. */
  onProblem(message: string): void;
}

/**
 * A value made of files that others replace while we run, such as certificates that are renewed.
 *
 * It reads them again instead of waiting for the kernel's word: a mounted secret changes by a link to another
 * folder, and a network volume tells nobody. The files are small.
 */
export class WatchedFiles<T> {
  readonly #options: WatchedFilesOptions<T>;
  readonly #listeners = new Set<(value: T) => void>();
  readonly #timer: NodeJS.Timeout;
  #seen: string;
  #value: T;

  /** @throws MgrpoError INVALID_CONFIG naming the key and the file that can't be read or used */
  constructor(options: WatchedFilesOptions<T>) {
    this.#options = options;
    const contents = readAll(options.files);
    this.#seen = digest(contents);
    this.#value = options.parse(contents);
    this.#timer = setInterval(() => this.#look(), options.everyMs);
    this.#timer.unref();
  }

  get value(): T {
    return this.#value;
  }

  /** Calls with the value now and with each one after it, until `remove`. */
  listen(listener: (value: T) => void): void {
    this.#listeners.add(listener);
    listener(this.#value);
  }

  remove(listener: (value: T) => void): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let seen = '';
    try {
      const contents = readAll(this.#options.files);
      seen = digest(contents);
      if (seen === this.#seen) return;
      this.#value = this.#options.parse(contents);
    } catch (error) {
      // In the middle of a change a key may not fit its certificate: the next look decides.
      if (seen !== this.#seen) this.#options.onProblem(messageOf(error));
      this.#seen = seen;
      return;
    }
    this.#seen = seen;
    for (const listener of this.#listeners) listener(this.#value);
  }
}

function readAll(files: Readonly<Record<string, string>>): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(files).map(([key, path]) => {
      try {
        return [key, readFileSync(path)];
      } catch (cause) {
        throw new MgrpoError(
          'INVALID_CONFIG',
          `${key}: ${path} can't be read (${messageOf(cause)}); mount it there, or make one with mgrpo certs`,
          { cause },
        );
      }
    }),
  );
}

const digest = (contents: Readonly<Record<string, Buffer>>) =>
  Object.values(contents)
    .map((bytes) => bytes.toString('base64'))
    .join(':');
