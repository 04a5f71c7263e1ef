/**
 * One writer, many readers: each reader sees the newest value at once and every later one in order.
 *
 * A reader that is slower than the writer by more than `capacity` values loses the oldest, never the newest.
 */
export class Broadcast<T> {
  readonly #readers = new Set<{ queue: T[]; wake: () => void }>();
  readonly #capacity: number;
  #latest: { value: T } | undefined;
  #isClosed = false;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  get latest(): T | undefined {
    return this.#latest?.value;
  }

  publish(value: T): void {
    this.#latest = { value };
    for (const reader of this.#readers) {
      reader.queue.push(value);
      if (reader.queue.length > this.#capacity) reader.queue.shift();
      reader.wake();
    }
  }

  /** Ends every reader's loop. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.wake();
  }

  /** The values from the newest on, until `signal` fires or the writer closes. */
  async *read(signal: AbortSignal): AsyncGenerator<T> {
    let wakeUp = Promise.withResolvers<void>();
    const reader = {
      queue: this.#latest === undefined ? [] : [this.#latest.value],
      wake: () => wakeUp.resolve(),
    };
    this.#readers.add(reader);
    signal.addEventListener('abort', reader.wake, { once: true });
    try {
      while (!signal.aborted) {
        const value = reader.queue.shift();
        if (value !== undefined) {
          yield value;
        } else if (this.#isClosed) {
          return;
        } else {
          await wakeUp.promise;
          wakeUp = Promise.withResolvers<void>();
        }
      }
    } finally {
      this.#readers.delete(reader);
      signal.removeEventListener('abort', reader.wake);
    }
  }
}
