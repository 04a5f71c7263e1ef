import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { MetricsRecord } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';

const newline = 0x0a;

/** Reads what another process appends to a `metrics.jsonl`, each whole line once. */
export class MetricsTail {
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The records since the last call; a line still being written comes with the next one. */
  read(): MetricsRecord[] {
    const bytes = this.#newBytes();
    const end = bytes.lastIndexOf(newline) + 1;
    this.#offset += end;
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
    return lines.map((line) => this.#parse(line));
  }

  #newBytes(): Buffer {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch (error) {
      // Nothing has been applied yet.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
    try {
      const bytes = Buffer.alloc(Math.max(fstatSync(file).size - this.#offset, 0));
      const length = readSync(file, bytes, 0, bytes.length, this.#offset);
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  }

  #parse(line: string): MetricsRecord {
    try {
      return JSON.parse(line) as MetricsRecord;
    } catch (cause) {
      throw new MgrpoError('CORRUPT', `${this.#path} has a line that is no JSON; delete it`, {
        cause,
      });
    }
  }
}
