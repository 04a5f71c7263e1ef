import { createHash } from 'node:crypto';
import type { FileDigest } from '@mgrpo/checkpoint';
import { MgrpoError } from '@mgrpo/errors';
import type { StoreAddress } from './address.ts';
import { readBlock } from './read-block.ts';
import { type RequestSettings, Requests } from './requests.ts';
import { elements, textOf } from './xml.ts';

/** An object as the store lists it. */
export interface ListedObject {
  /** From the address's prefix on. */
  readonly key: string;
  readonly bytes: number;
  /** As the store writes it, with quotes. */
  readonly etag: string;
}

// One request moves so much, so that a try that fails costs little and memory holds little.
const pieceBytes = 8 * 2 ** 20;
const maxPieces = 10_000;
const maxAnswerBytes = 16 * 2 ** 20;
const maxListed = 100_000;

/** Objects below one prefix of one bucket. All methods retry, and throw what `Requests.send` does. */
export class Bucket {
  /** s3://bucket/prefix, for messages. */
  readonly url: string;
  readonly #address: StoreAddress;
  readonly #requests: Requests;
  readonly #signal: AbortSignal;

  /** @param signal ends requests under way */
  constructor(address: StoreAddress, settings: RequestSettings, signal: AbortSignal) {
    this.url = `s3://${address.bucket}/${address.prefix}`.replace(/\/$/, '');
    this.#address = address;
    this.#requests = new Requests(address, settings);
    this.#signal = signal;
  }

  /** The objects whose keys begin so, in the order of keys. */
  async list(prefix: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    const start = this.#address.prefix.length;
    for (let token = ''; ; ) {
      const query = {
        'list-type': '2',
        prefix: this.#address.prefix + prefix,
        ...(token && { 'continuation-token': token }),
      };
      const { body } = await this.#send({ method: 'GET', key: '', query });
      const xml = body.toString('utf8');
      for (const entry of elements(xml, 'Contents')) {
        const key = textOf(entry, 'Key').slice(start);
        found.push({ key, bytes: Number(textOf(entry, 'Size')), etag: textOf(entry, 'ETag') });
      }
      token = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : '';
      if (token === '') return found;
      if (found.length >= maxListed) {
        throw new MgrpoError(
          'INVALID_INPUT',
          `${this.url}/${prefix} has more than ${maxListed} objects`,
        );
      }
    }
  }

  /** A small object, or null when there is none. */
  async read(key: string): Promise<Buffer | null> {
    try {
      return (await this.#send({ method: 'GET', key: this.#address.prefix + key })).body;
    } catch (error) {
      const isMissing = error instanceof MgrpoError && error.code === 'NOT_FOUND';
      if (isMissing && !error.message.includes('NoSuchBucket')) return null;
      throw error;
    }
  }

  /**
   * The bytes of an object, in pieces; CORRUPT where it changes meanwhile. `etag` ties them to what was listed; `onHeaders`
   * sees what comes with each.
   */
  async *pieces(
    key: string,
    {
      bytes,
      etag,
      onHeaders,
    }: { bytes: number; etag?: string; onHeaders?(headers: Headers): void },
  ): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes; start += pieceBytes) {
      const end = Math.min(start + pieceBytes, bytes);
      const headers = { range: `bytes=${start}-${end - 1}`, ...(etag && { 'if-match': etag }) };
      const { body, headers: found } = await this.#send({
        method: 'GET',
        key: this.#address.prefix + key,
        headers,
      });
      if (body.length !== end - start) {
        const what = `${this.url}/${key} has ${start + body.length} bytes where ${bytes} were expected`;
        throw new MgrpoError('CORRUPT', what);
      }
      onHeaders?.(found);
      yield body;
    }
  }

  /** Writes a small object. */
  async write(key: string, body: Uint8Array): Promise<void> {
    await this.#send({ method: 'PUT', key: this.#address.prefix + key, body });
  }

  /**
   * Writes an object from a file, in parts where it is long; it appears whole or not at all.
   *
   * CORRUPT when the file is not as expected. `onBytes` is told of each part that has arrived.
   */
  async writeFile(
    key: string,
    {
      path,
      expected,
      onBytes,
    }: { path: string; expected: FileDigest; onBytes(bytes: number): void },
  ): Promise<void> {
    const size = Math.max(pieceBytes, Math.ceil(expected.bytes / maxPieces));
    const pieces = readPieces(path, { expected, pieceBytes: size });
    if (expected.bytes > size) return await this.#writeParts(key, pieces, onBytes);
    let body: Uint8Array = new Uint8Array();
    for await (const piece of pieces) body = piece;
    await this.write(key, body);
    onBytes(body.length);
  }

  /** No object is fine too. */
  async delete(key: string): Promise<void> {
    await this.#send({ method: 'DELETE', key: this.#address.prefix + key });
  }

  async #writeParts(
    key: string,
    pieces: AsyncGenerator<Uint8Array>,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const object = { key: this.#address.prefix + key };
    const begun = await this.#send({ method: 'POST', ...object, query: { uploads: '' } });
    const uploadId = textOf(begun.body.toString('utf8'), 'UploadId');
    const parts: string[] = [];
    try {
      for await (const body of pieces) {
        const number = parts.length + 1;
        const query = { partNumber: String(number), uploadId };
        const { headers } = await this.#send({ method: 'PUT', ...object, query, body });
        const etag = (headers.get('etag') ?? '').replaceAll('"', '&quot;');
        parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`);
        onBytes(body.length);
      }
      const xml = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      await this.#send({ method: 'POST', ...object, query: { uploadId }, body: Buffer.from(xml) });
    } catch (error) {
      // Parts of an upload that is not ended are kept, and paid for; a rule of the bucket clears them where this fails.
      await this.#send({ method: 'DELETE', ...object, query: { uploadId } }).catch(() => {});
      throw error;
    }
  }

  #send(
    request: Pick<Parameters<Requests['send']>[0], 'method' | 'key' | 'query' | 'headers' | 'body'>,
  ) {
    return this.#requests.send({ ...request, maxAnswerBytes, signal: this.#signal });
  }
}

/** A file's bytes, whose digest is compared before the last piece is given away. */
async function* readPieces(
  path: string,
  { expected, pieceBytes: size }: { expected: FileDigest; pieceBytes: number },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for (let start = 0; start < expected.bytes; start += size) {
    const bytes = Math.min(size, expected.bytes - start);
    const piece = await readBlock(path, start, bytes);
    hash.update(piece);
    const isLast = start + size >= expected.bytes;
    const isChanged = piece.length < bytes || (isLast && hash.digest('hex') !== expected.sha256);
    if (isChanged) throw changed(path);
    yield piece;
  }
}

function changed(path: string): MgrpoError {
  return new MgrpoError('CORRUPT', `${path} is not as it was written: it is not uploaded`);
}
