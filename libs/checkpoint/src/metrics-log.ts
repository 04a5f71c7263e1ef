import { readFile, truncate } from 'node:fs/promises';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { AppendFile } from './append-file.ts';
import type { Files } from './files.ts';
import { hasErrno } from './files.ts';
import { isCount, isJsonObject } from './json.ts';

/** A line of `metrics.jsonl`: an applied iteration, or the evaluation of a weight version. */
export type MetricsRecord =
  | { readonly kind: 'iteration'; readonly iteration: number; readonly [metric: string]: unknown }
  | { readonly kind: 'evaluation'; readonly version: number; readonly [metric: string]: unknown };

/**
 * The run's metrics, one JSON object a line. Each iteration and each evaluated version has one line: what is
 * appended again, as a replay does, is left out.
 */
export class MetricsLog {
  readonly #file: AppendFile;
  readonly #records: MetricsRecord[];
  readonly #keys: Set<string>;

  private constructor(file: AppendFile, records: MetricsRecord[]) {
    this.#file = file;
    this.#records = records;
    this.#keys = new Set(records.map(keyOf));
  }

  /** Opens or creates the file; a last line that a crash cut short is removed aloud. CORRUPT names a broken line. */
  static async open(
    path: string,
    options: { readonly files: Files; readonly warn: (message: string) => void },
  ): Promise<MetricsLog> {
    const { records, wholeBytes, tornBytes } = await parseFile(path);
    if (tornBytes > 0) {
      options.warn(`${path}: the last line was cut short (${tornBytes} bytes) and is removed`);
      await truncate(path, wholeBytes);
    }
    return new MetricsLog(await AppendFile.open(path, 'continue', options.files), records);
  }

  /** All records, in the order of the file. */
  get records(): readonly MetricsRecord[] {
    return this.#records;
  }

  /** Adds a record; false when its iteration or version has one already. RESOURCE when the disk is full. */
  async append(record: MetricsRecord): Promise<boolean> {
    const key = keyOf(record);
    if (this.#keys.has(key)) return false;
    // Marked before the write: two appends of one key in flight write one line.
    this.#keys.add(key);
    await this.#file.append(Buffer.from(`${JSON.stringify(record)}\n`));
    this.#records.push(record);
    return true;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The records of a metrics file that another process may be writing: an unfinished last line is left out. */
export async function readMetrics(path: string): Promise<readonly MetricsRecord[]> {
  return (await parseFile(path)).records;
}

async function parseFile(
  path: string,
): Promise<{ records: MetricsRecord[]; wholeBytes: number; tornBytes: number }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return Buffer.alloc(0);
    throw error;
  });
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.toString('utf8', 0, wholeBytes).split('\n').slice(0, -1);
  const records = lines.map((line, index) => parseRecord(`${path}:${index + 1}`, line));
  return { records, wholeBytes, tornBytes: bytes.length - wholeBytes };
}

function parseRecord(place: string, line: string): MetricsRecord {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    const what = `${place} is no JSON (${messageOf(error)}); delete the line`;
    throw new MgrpoError('CORRUPT', what, { cause: error });
  }
  if (!isMetricsRecord(record)) {
    throw new MgrpoError('CORRUPT', `${place} is no metrics record; delete the line`);
  }
  return record;
}

function isMetricsRecord(record: unknown): record is MetricsRecord {
  if (!isJsonObject(record)) return false;
  if (record.kind === 'iteration') return isCount(record.iteration);
  return record.kind === 'evaluation' && isCount(record.version);
}

function keyOf(record: MetricsRecord): string {
  const number = record.kind === 'iteration' ? record.iteration : record.version;
  return `${record.kind} ${number}`;
}
