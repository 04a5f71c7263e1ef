import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { MgrpoError } from '@mgrpo/errors';
import { hasErrno, readAll } from './files.ts';
import { bytesOf, widen } from './float-bytes.ts';
import type { JsonObject } from './json.ts';
import { isCount, isJsonObject } from './json.ts';

/** Where a tensor lies in a safetensors file; `begin` and `end` are bytes from the start of the file. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A tensor to write: row-major float32 values. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Bits per element of every dtype of the format, so that files with other tensors can be opened. */
const dtypeBits: Readonly<Record<string, number>> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  BOOL: 8,
};

/** Whether tensors of a dtype can be read as float32. */
export function isReadable(dtype: string): boolean {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

// The format's own limit (huggingface/safetensors, MAX_HEADER_SIZE).
const maxHeaderBytes = 100_000_000;
const wideningElements = 1 << 20;

/**
 * The bytes of a safetensors file: 8 bytes of header length, a JSON header padded to 8 bytes, the tensors.
 *
 * Tensor bytes are views of `values`. The metadata `format: pt` is what transformers asks for.
 */
export function* encodeSafetensors(tensors: readonly NamedTensor[]): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const end = offset + values.byteLength;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const paddedLength = Math.ceil(json.length / 8) * 8;
  const prefix = Buffer.alloc(8 + paddedLength, ' ');
  prefix.writeBigUInt64LE(BigInt(paddedLength));
  json.copy(prefix, 8);
  yield prefix;
  for (const { values } of tensors) yield bytesOf(values);
}

/** An open safetensors file whose header has been checked against the file's size. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly #handle: FileHandle;

  private constructor(
    path: string,
    tensors: ReadonlyMap<string, StoredTensor>,
    handle: FileHandle,
  ) {
    this.path = path;
    this.tensors = tensors;
    this.#handle = handle;
  }

  /** Opens and checks a file; INVALID_MODEL when it is absent, truncated or malformed. */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await open(path, 'r').catch((error: unknown) => {
      if (!hasErrno(error, 'ENOENT')) throw error;
      throw new MgrpoError('INVALID_MODEL', `${path} does not exist`, { cause: error });
    });
    try {
      return new SafetensorsFile(path, await readHeader(path, handle), handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Fills `target` with a tensor's values from element `first` on, widening to float32. */
  async readInto(name: string, target: Float32Array, first = 0): Promise<void> {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw invalid(this.path, `has no tensor ${name}`);
    const { dtype, begin } = tensor;
    if (dtype === 'F32') return this.#readBytes(name, bytesOf(target), begin + 4 * first);
    if (dtype !== 'F16' && dtype !== 'BF16') {
      const remedy = 'convert it to F32, F16 or BF16';
      throw invalid(this.path, `stores ${name} as ${dtype}, which can't be read: ${remedy}`);
    }
    for (let start = 0; start < target.length; start += wideningElements) {
      const narrow = new Uint16Array(Math.min(wideningElements, target.length - start));
      await this.#readBytes(name, new Uint8Array(narrow.buffer), begin + 2 * (first + start));
      widen(dtype, narrow, target.subarray(start, start + narrow.length));
    }
  }

  async #readBytes(name: string, target: Uint8Array, position: number): Promise<void> {
    const bytesRead = await readAll(this.#handle, target, position);
    if (bytesRead < target.length) {
      throw invalid(this.path, `ended while ${name} was read: the file is being written to`);
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readHeader(
  path: string,
  handle: FileHandle,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const { size } = await handle.stat();
  const prefix = Buffer.alloc(8);
  if ((await readAll(handle, prefix, 0)) < 8) {
    const what = `is truncated: ${size} bytes, and the header's length alone takes 8`;
    throw invalid(path, `${what}; ${truncatedRemedy}`);
  }
  const headerLength = prefix.readBigUInt64LE();
  if (headerLength > BigInt(maxHeaderBytes)) {
    const limit = `the limit is ${maxHeaderBytes}: this is no safetensors file`;
    throw invalid(path, `declares a header of ${headerLength} bytes, ${limit}`);
  }
  const dataStart = 8 + Number(headerLength);
  if (dataStart > size) throw truncated(path, dataStart, size);
  const json = Buffer.alloc(Number(headerLength));
  await readAll(handle, json, 8);
  return parseHeader(path, json, size);
}

/** Parses and checks a header: every tensor in bounds, their bytes adjacent, none of the file left over. */
function parseHeader(
  path: string,
  json: Uint8Array,
  fileBytes: number,
): ReadonlyMap<string, StoredTensor> {
  const header = parseJsonObject(path, json);
  const dataStart = 8 + json.length;
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseEntry(path, name, entry, dataStart))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = dataStart;
  for (const { name, begin, end } of tensors) {
    if (begin !== position) {
      const what = begin < position ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw invalid(path, `is malformed: ${name} ${what}`);
    }
    position = end;
  }
  if (position > fileBytes) throw truncated(path, position, fileBytes);
  if (position < fileBytes) {
    throw invalid(path, `has ${fileBytes - position} bytes after its last tensor: not as written`);
  }
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function parseJsonObject(path: string, json: Uint8Array): JsonObject {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw invalid(path, 'has a header that is no JSON: this is no safetensors file', error);
  }
  if (!isJsonObject(header)) throw invalid(path, 'has a header that is no JSON object');
  if (Object.hasOwn(header, '__proto__')) throw invalid(path, 'has a tensor named __proto__');
  return header;
}

function parseEntry(path: string, name: string, entry: unknown, dataStart: number): StoredTensor {
  const malformed = (what: string) => invalid(path, `is malformed: ${name} ${what}`);
  if (!isJsonObject(entry)) throw malformed('is no object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBits, dtype)) {
    throw malformed(`has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) throw malformed('has no shape of non-negative integers');
  if (!isSizes(offsets) || offsets.length !== 2) throw malformed('has no pair of data_offsets');
  const [begin, end] = offsets as [number, number];
  const numBytes = (shape.reduce((a, b) => a * b, 1) * dtypeBits[dtype]!) / 8;
  if (end - begin !== numBytes) {
    throw malformed(`has ${end - begin} bytes, but ${dtype} [${shape}] takes ${numBytes}`);
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

const truncatedRemedy = 'download or copy it again';

function truncated(path: string, expected: number, actual: number): MgrpoError {
  return invalid(path, `is truncated: ${actual} of ${expected} bytes; ${truncatedRemedy}`);
}

function invalid(path: string, what: string, cause?: unknown): MgrpoError {
  return new MgrpoError('INVALID_MODEL', `${path} ${what}`, cause === undefined ? {} : { cause });
}
