import { createReadStream } from 'node:fs';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** A line of a text file; `number` counts from 1, as editors do. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

// No prompt is this long, and a file without line ends must not fill the memory.
const maxLineBytes = 1 << 20;
const lineFeed = 0x0a;

/**
 * The lines of a UTF-8 file, one after the other, blank ones left out.
 *
 * INVALID_INPUT names the file, or the file and line that is longer than 1 MiB or no UTF-8.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  for await (const bytes of splitLines(path)) {
    number += 1;
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (error) {
      throw new MgrpoError('INVALID_INPUT', `${path}:${number} is no UTF-8 text`, { cause: error });
    }
    if (text.trim() !== '') yield { number, text };
  }
}

async function* splitLines(path: string): AsyncGenerator<Buffer> {
  let number = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of readChunks(path)) {
    let buffer = Buffer.concat([rest, chunk]);
    for (let end = buffer.indexOf(lineFeed); end >= 0; end = buffer.indexOf(lineFeed)) {
      yield checkLength(path, number, buffer.subarray(0, end));
      buffer = buffer.subarray(end + 1);
      number += 1;
    }
    rest = checkLength(path, number, buffer);
  }
  if (rest.length > 0) yield rest;
}

function checkLength(path: string, number: number, line: Buffer): Buffer {
  if (line.length <= maxLineBytes) return line;
  const what = `${path}:${number} is longer than ${maxLineBytes} bytes`;
  throw new MgrpoError('INVALID_INPUT', `${what}; each line is one JSON object`);
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    // A failure of the consumer does not come here: it ends this generator by `return`.
    throw new MgrpoError('INVALID_INPUT', `can't read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
