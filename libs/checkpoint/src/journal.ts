import type { FileHandle } from 'node:fs/promises';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MgrpoError } from '@mgrpo/errors';
import { AppendFile } from './append-file.ts';
import type { LearnerEpoch } from './epoch.ts';
import type { Files } from './files.ts';
import { ensureFolder, hasErrno, readAll } from './files.ts';
import { decodeHeader, encodeRecord, headerBytes, recordSha256 } from './journal-record.ts';

/** Where a record lies; `position` is its header's first byte. */
interface RecordPlace {
  readonly path: string;
  readonly position: number;
  readonly payloadBytes: number;
  readonly sha256: string;
}

/** What the journal needs from the outside. */
export interface JournalOptions {
  readonly epoch: LearnerEpoch;
  readonly files: Files;
  /** Told, in a sentence, of a record that was cut short and dropped. */
  readonly warn: (message: string) => void;
}

const fileName = (epoch: number) => `${String(epoch).padStart(9, '0')}.log`;
const fileNamePattern = /^(\d{9})\.log$/;

/**
 * The training batches of a run, in order: the truth from which weights can be computed again.
 *
 * Each learner epoch appends to a file of its own (`journal/000000001.log`), so a displaced learner that
 * writes once more can't harm its successor: where two files hold an iteration, the higher epoch's counts,
 * and so do all that follow in it. A record that a crash cut short is dropped aloud; its iteration is
 * computed again. The payload is opaque here.
 */
export class Journal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #records: RecordPlace[];
  #file: AppendFile | null = null;

  private constructor(folder: string, options: JournalOptions, records: RecordPlace[]) {
    this.#folder = folder;
    this.#options = options;
    this.#records = records;
  }

  /** Opens the journal and finds its records; CORRUPT when a header is damaged or an iteration is missing. */
  static async open(folder: string, options: JournalOptions): Promise<Journal> {
    await ensureFolder(folder, options.files);
    return new Journal(folder, options, await recordsOf(folder, options.warn));
  }

  /** The first iteration without a record; all below it have one. */
  get nextIteration(): number {
    return this.#records.length;
  }

  /** The payload of an iteration; NOT_FOUND when there is no record, CORRUPT when its checksum is wrong. */
  async read(iteration: number): Promise<Uint8Array> {
    const place = this.#records[iteration];
    if (place === undefined) {
      const what = `the journal has no record of iteration ${iteration}`;
      throw new MgrpoError('NOT_FOUND', `${what}, it ends before ${this.nextIteration}`);
    }
    return await readPayload(place, iteration);
  }

  /**
   * Adds the record of the next iteration; it is on disk when this returns.
   *
   * STALE_EPOCH when another learner has taken over, also while this one wrote; RESOURCE when the disk is
   * full; INTERNAL when `iteration` is not the next one.
   */
  async append(iteration: number, payload: Uint8Array): Promise<void> {
    if (iteration !== this.nextIteration) {
      const what = `iteration ${iteration} can't follow ${this.nextIteration - 1} in the journal`;
      throw new MgrpoError('INTERNAL', what);
    }
    const { epoch, files } = this.#options;
    await epoch.check();
    this.#file ??= await AppendFile.open(
      join(this.#folder, fileName(epoch.value)),
      'create',
      files,
    );
    const { record, sha256 } = encodeRecord(iteration, payload);
    const { path, size: position } = this.#file;
    await this.#file.append(record);
    await epoch.check();
    this.#records.push({ path, position, payloadBytes: payload.length, sha256 });
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

/**
 * The payloads of a journal in order, for who only looks: a learner may be writing it.
 *
 * NOT_FOUND without the folder, CORRUPT where a record is damaged; `warn` is told of one that was cut short.
 */
export async function* readJournal(
  folder: string,
  warn: (message: string) => void,
): AsyncGenerator<Uint8Array> {
  const records = await recordsOf(folder, warn).catch((cause: unknown) => {
    if (!hasErrno(cause, 'ENOENT')) throw cause;
    throw new MgrpoError('NOT_FOUND', `${folder} is not there: no iteration was trained`, {
      cause,
    });
  });
  for (const [iteration, place] of records.entries()) yield await readPayload(place, iteration);
}

async function readPayload(place: RecordPlace, iteration: number): Promise<Uint8Array> {
  const record = new Uint8Array(headerBytes + place.payloadBytes);
  const handle = await open(place.path, 'r');
  const bytesRead = await readAll(handle, record, place.position).finally(() => handle.close());
  if (bytesRead < record.length || recordSha256(record) !== place.sha256) {
    throw damaged(place.path, place.position, `the record of iteration ${iteration}`);
  }
  return record.subarray(headerBytes);
}

async function recordsOf(folder: string, warn: (message: string) => void): Promise<RecordPlace[]> {
  const names = (await readdir(folder)).filter((name) => fileNamePattern.test(name)).sort();
  const records: RecordPlace[] = [];
  for (const name of names) {
    await collectRecords(join(folder, name), records, name === names.at(-1) ? warn : () => {});
  }
  return records;
}

/** Adds a file's records; one that starts again at an earlier iteration replaces those from there on. */
async function collectRecords(
  path: string,
  records: RecordPlace[],
  warn: (message: string) => void,
): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    let isFirst = true;
    for (let position = 0; position < size; ) {
      const header = Buffer.alloc(headerBytes);
      const headerRead = await readAll(handle, header, position);
      const parsed = headerRead === headerBytes ? decodeHeader(header) : null;
      const end = position + headerBytes + (parsed?.payloadBytes ?? 0);
      if (end > size || (parsed === null && (await isZeroFilled(handle, position, size)))) {
        const what = `${path}: the last record was cut short (${size - position} bytes)`;
        warn(`${what}; iteration ${records.length} is computed again`);
        return;
      }
      if (parsed === null) throw damaged(path, position, 'a record header');
      const { iteration, payloadBytes, sha256 } = parsed;
      if (isFirst ? iteration > records.length : iteration !== records.length) {
        const what = `${path}: iteration ${iteration} follows ${records.length - 1}`;
        throw new MgrpoError('CORRUPT', `${what}; restore the journal folder from a copy`);
      }
      records.length = iteration;
      records.push({ path, position, payloadBytes, sha256 });
      isFirst = false;
      position = end;
    }
  } finally {
    await handle.close();
  }
}

/** A power cut can leave a file longer than what was written to it, filled with zeros. */
async function isZeroFilled(handle: FileHandle, position: number, size: number): Promise<boolean> {
  const chunk = Buffer.alloc(Math.min(1 << 20, size - position));
  for (let start = position; start < size; start += chunk.length) {
    const length = await readAll(handle, chunk.subarray(0, size - start), start);
    if (chunk.subarray(0, length).some((byte) => byte !== 0)) return false;
  }
  return true;
}

function damaged(path: string, position: number, what: string): MgrpoError {
  const remedy = `restore the file from a copy, or cut it there (truncate -s ${position}) and remove the journal files after it: the iterations from there on are computed again`;
  return new MgrpoError('CORRUPT', `${path}: ${what} at byte ${position} is damaged; ${remedy}`);
}
