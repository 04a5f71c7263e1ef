import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { encodeRecord, headerBytes, recordSha256 } from './journal-record.ts';

test('a record of several pieces has the SHA-256 of its whole', () => {
  const payload = randomBytes(20 * 1024 * 1024 + 3);
  const { record, sha256 } = encodeRecord(7, payload);
  const whole = createHash('sha256').update(record.subarray(0, 12)).update(payload).digest('hex');
  expect([sha256, recordSha256(record)]).toEqual([whole, whole]);
  expect(payload.equals(record.subarray(headerBytes))).toBe(true);
});

test('a batch that a header can not describe is refused before anything is allocated for it', () => {
  const payload = { length: 2 ** 32 } as Uint8Array;
  expect(() => encodeRecord(3, payload)).toThrow(/iteration 3 has 4294967296 bytes.*groupSize/);
});
