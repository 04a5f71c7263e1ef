import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MgrpoError } from '@mgrpo/errors';
import { pieces } from './files.ts';

/**
 * The header of a journal record: 48 bytes, then the payload. All numbers are little endian.
 *
 * | bytes | what |
 * |---|---|
 * | 0-3 | `MGJ1` |
 * | 4-7 | iteration |
 * | 8-11 | payload length |
 * | 12-43 | SHA-256 of bytes 0-11 and the payload |
 * | 44-47 | CRC-32 of bytes 0-43 |
 *
 * The header has a checksum of its own, so that a damaged length is not taken for a record cut short.
 */
export interface RecordHeader {
  readonly iteration: number;
  readonly payloadBytes: number;
  readonly sha256: string;
}

/** Length of a record's header, its own checksum included. */
export const headerBytes = 48;
const magic = Buffer.from('MGJ1');

// The header's length has 32 bits.
const maxPayloadBytes = 2 ** 32 - 1;

/** The bytes of a record, and the SHA-256 in its header. RESOURCE for a payload of 4 GiB or more. */
export function encodeRecord(
  iteration: number,
  payload: Uint8Array,
): { record: Uint8Array; sha256: string } {
  if (payload.length > maxPayloadBytes) {
    throw new MgrpoError(
      'RESOURCE',
      `the batch of iteration ${iteration} has ${payload.length} bytes, a journal record holds less than 4 GiB; lower algorithm.promptsPerIteration, algorithm.groupSize or sampling.maxResponseTokens`,
    );
  }
  // Every byte is written below; a batch may have gigabytes, which need not be zeroed first.
  const record = Buffer.allocUnsafeSlow(headerBytes + payload.length);
  magic.copy(record, 0);
  record.writeUInt32LE(iteration, 4);
  record.writeUInt32LE(payload.length, 8);
  record.set(payload, headerBytes);
  const sha256 = recordSha256(record);
  record.write(sha256, 12, 'hex');
  record.writeUInt32LE(crc32(record.subarray(0, 44)), 44);
  return { record, sha256 };
}

/** Reads a header; null when its checksum is wrong. */
export function decodeHeader(header: Buffer): RecordHeader | null {
  if (!header.subarray(0, 4).equals(magic)) return null;
  if (crc32(header.subarray(0, 44)) !== header.readUInt32LE(44)) return null;
  return {
    iteration: header.readUInt32LE(4),
    payloadBytes: header.readUInt32LE(8),
    sha256: header.toString('hex', 12, 44),
  };
}

/** SHA-256, hexadecimal, over a record's first 12 bytes and its payload. */
export function recordSha256(record: Uint8Array): string {
  const hash = createHash('sha256').update(record.subarray(0, 12));
  for (const piece of pieces(record.subarray(headerBytes))) hash.update(piece);
  return hash.digest('hex');
}
