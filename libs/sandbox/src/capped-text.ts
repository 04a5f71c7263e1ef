import type { Readable } from 'node:stream';

/** The first bytes of a stream as text; whatever follows is read and thrown away. */
export class CappedText {
  readonly #chunks: Buffer[] = [];
  #numBytes = 0;

  /** @param onOverflow called when the stream goes beyond `maxBytes` */
  constructor(stream: Readable, maxBytes: number, onOverflow: () => void = () => {}) {
    stream.on('data', (chunk: Buffer) => {
      const room = maxBytes - this.#numBytes;
      if (room > 0) this.#chunks.push(chunk.subarray(0, room));
      this.#numBytes = Math.min(this.#numBytes + chunk.length, maxBytes);
      if (chunk.length > room) onOverflow();
    });
    // A stream breaks when its process is killed; how it ended is said by the process, not by the stream.
    stream.on('error', () => {});
  }

  /** UTF-8; what is none becomes U+FFFD. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
