import { inflateSync } from 'node:zlib';
import { MgrpoError, messageOf } from '@mgrpo/errors';

// The largest of LiveCodeBench unpack to about 100 MB; a bomb is stopped.
const maxBytes = 512 << 20;

/**
 * The hidden cases of a LiveCodeBench row: JSON, or base64 of zlib of a Python pickle of a text of JSON.
 *
 * A pickle is a program that can do anything; here only the few instructions are known that make one text.
 *
 * @throws MgrpoError INVALID_INPUT when it is anything else
 */
export function hiddenTestsJson(cell: string): string {
  if (cell === '' || cell.trimStart().startsWith('[')) return cell;
  let bytes: Buffer;
  try {
    bytes = inflateSync(Buffer.from(cell, 'base64'), { maxOutputLength: maxBytes });
  } catch (error) {
    throw new MgrpoError('INVALID_INPUT', `is neither JSON nor packed (${messageOf(error)})`, {
      cause: error,
    });
  }
  return pickledText(bytes);
}

/** Instructions of pickle protocols 2 to 5, by their byte. */
const instructions = {
  protocol: 0x80,
  frame: 0x95,
  shortText: 0x8c,
  text: 0x58,
  longText: 0x8d,
  memoize: 0x94,
  put: 0x71,
  longPut: 0x72,
  stop: 0x2e,
} as const;

function pickledText(bytes: Buffer): string {
  let text: string | null = null;
  let at = 0;
  const take = (length: number) => {
    if (at + length > bytes.length) throw foreignPickle();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const readText = (length: number) => {
    if (text !== null) throw foreignPickle();
    text = take(length).toString('utf8');
  };
  for (;;) {
    switch (take(1)[0]) {
      case instructions.protocol:
      case instructions.put:
        take(1);
        break;
      case instructions.longPut:
        take(4);
        break;
      case instructions.frame:
        take(8);
        break;
      case instructions.memoize:
        break;
      case instructions.shortText:
        readText(take(1).readUInt8());
        break;
      case instructions.text:
        readText(take(4).readUInt32LE());
        break;
      case instructions.longText:
        readText(Number(take(8).readBigUInt64LE()));
        break;
      case instructions.stop:
        if (text === null) throw foreignPickle();
        return text;
      default:
        throw foreignPickle();
    }
  }
}

function foreignPickle(): MgrpoError {
  return new MgrpoError('INVALID_INPUT', 'is a pickle of something else than one text');
}
