import { createReadStream } from 'node:fs';
import { MgrpoError, messageOf } from '@mgrpo/errors';

/** A line of a text file; `number` counts from 1, as editors do. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

// No prompt is this long, and a file without line ends must not fill the memory.
const maxPromptLineBytes = 1 << 20;
const lineFeed = 0x0a;

/**
 * The lines of a UTF-8 file, one after the other, blank ones left out.
 *
 * INVALID_INPUT names the file, or the file and line that is longer than `maxBytes` or no UTF-8.
 */
export async function* readLines(
  path: string,
  maxBytes = maxPromptLineBytes,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  for await (const bytes of splitLines(path, maxBytes)) {
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

async function* splitLines(path: string, maxBytes: number): AsyncGenerator<Buffer> {
  let number = 1;
  let pieces: Buffer[] = [];
  let numBytes = 0;
  const add = (piece: Buffer) => {
    pieces.push(piece);
    numBytes += piece.length;
    if (numBytes <= maxBytes) return;
    const what = `${path}:${number} is longer than ${maxBytes} bytes`;
    throw new MgrpoError('INVALID_INPUT', `${what}; each line is one JSON object`);
  };
  for await (const chunk of readChunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      yield Buffer.concat(pieces);
      pieces = [];
      numBytes = 0;
      number += 1;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (numBytes > 0) yield Buffer.concat(pieces);
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
