/**
 * Distinguished Encoding Rules of ASN.1 (ITU-T X.690), as far as a certificate needs them. Only written, never
 * read: Node's own parser reads certificates.
 */

const universal = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length, contents. */
function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

/** Below 128 one byte; above, the number of bytes and then the length itself. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...contents: readonly Uint8Array[]) =>
  tagged(universal.sequence, ...contents);

export const set = (...contents: readonly Uint8Array[]) => tagged(universal.set, ...contents);

/** A positive number, big-endian; a leading 0 keeps it positive, and no other 0 may lead. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first));
  const sign = digits[0]! >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0);
  return tagged(universal.integer, sign, digits);
}

/** @example objectIdentifier('2.5.29.17') */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tagged(universal.objectIdentifier, Buffer.from(bytes));
}

export const utf8String = (text: string) => tagged(universal.utf8String, Buffer.from(text));

export const boolean = (value: boolean) =>
  tagged(universal.boolean, Buffer.from([value ? 0xff : 0]));

export const octetString = (bytes: Uint8Array) => tagged(universal.octetString, bytes);

/** `unusedBits`: how many of the last byte's low bits do not count. */
export const bitString = (bytes: Uint8Array, unusedBits = 0) =>
  tagged(universal.bitString, Buffer.from([unusedBits]), bytes);

/** To the second, in UTC: with two digits of the year before 2050, as RFC 5280 4.1.2.5 wants, then with four. */
export function time(moment: Date): Buffer {
  const digits = moment
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return moment.getUTCFullYear() < 2050
    ? tagged(universal.utcTime, Buffer.from(digits.slice(2)))
    : tagged(universal.generalizedTime, Buffer.from(digits));
}

/** `[number]` around whole values. */
export const explicit = (number: number, ...contents: readonly Uint8Array[]) =>
  tagged(0xa0 | number, ...contents);

/** `[number]` instead of a value's own tag. */
export const implicit = (number: number, contents: Uint8Array) => tagged(0x80 | number, contents);
