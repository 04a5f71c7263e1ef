import { type Transferable, Worker } from 'node:worker_threads';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { type FromEngine, fromWire, type ToEngine } from './engine-message.ts';
import type { Handlers } from './serve-engine.ts';

export interface CallOptions {
  /** Cancels the call: the promise rejects at once, the engine stops before its next run. */
  readonly signal?: AbortSignal | undefined;
  /** Buffers of the parameters that are moved, not copied; they are empty here afterwards. */
  readonly transfer?: readonly Transferable[];
}

/** The main thread's handle on an engine thread with methods `H`. */
export interface Engine<H extends Handlers> {
  /** Calls a method. Rejects with the handler's MgrpoError, or INTERNAL when the thread has died. */
  call<M extends keyof H & string>(
    method: M,
    params: Parameters<H[M]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<H[M]>>>;
  /** Settles when the thread has ended: `undefined` after `close()`, the error after a crash. */
  readonly ended: Promise<MgrpoError | undefined>;
  /** Cancels what runs, waits for the current run to end, then ends the thread. Idempotent. */
  close(): Promise<void>;
}

// An engine's garbage is small objects beside its big arrays: 8 MiB for the young ones instead of 48 keep
// the thread some 20 MB smaller and cost no time.
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

interface Pending {
  resolve(value: unknown): void;
  reject(error: MgrpoError): void;
}

/**
 * Starts a worker thread from `url` (a module that calls `serveEngine`) and waits until it has opened.
 *
 * @param init passed to the engine's `open` by structured clone; buffers named in `transfer` are moved
 */
export async function startEngine<Init, H extends Handlers>(
  url: URL,
  init: Init,
  options: { readonly name: string; readonly transfer?: readonly Transferable[] },
): Promise<Engine<H>> {
  const { name, transfer = [] } = options;
  const transferList = [...transfer];
  const worker = new Worker(url, { workerData: init, name, resourceLimits, transferList });
  const client = new EngineClient(worker, options.name);
  await client.opened;
  return client as Engine<H>;
}

/** Matches the answers of one worker thread to the calls. */
class EngineClient {
  readonly opened: Promise<void>;
  readonly ended: Promise<MgrpoError | undefined>;
  readonly #worker: Worker;
  readonly #name: string;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #death: MgrpoError | undefined;
  #closing: Promise<void> | undefined;

  constructor(worker: Worker, name: string) {
    this.#worker = worker;
    this.#name = name;
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<MgrpoError | undefined>();
    this.opened = opened.promise;
    this.ended = closed.promise;
    let crash: unknown;
    worker.on('message', (message: FromEngine) => {
      if (message.kind === 'opened') opened.resolve();
      else if (message.kind === 'closed') void worker.terminate();
      else if (message.kind === 'failed-to-open') {
        opened.reject(fromWire(message.error));
        void this.close();
      } else this.#settle(message);
    });
    worker.on('error', (error) => {
      crash = error;
    });
    worker.on('exit', (code) => {
      const isClean = this.#closing !== undefined && crash === undefined;
      const reason = crash === undefined ? `exit code ${code}` : messageOf(crash);
      this.#death = isClean
        ? new MgrpoError('CANCELLED', `the ${name} engine is closed`)
        : new MgrpoError('INTERNAL', `the ${name} engine thread died: ${reason}`, { cause: crash });
      opened.reject(this.#death);
      for (const call of this.#pending.values()) call.reject(this.#death);
      this.#pending.clear();
      closed.resolve(isClean ? undefined : this.#death);
    });
  }

  call(method: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    const { signal, transfer = [] } = options;
    if (this.#death) return Promise.reject(this.#death);
    if (this.#closing) {
      return Promise.reject(new MgrpoError('CANCELLED', `the ${this.#name} engine is closing`));
    }
    if (signal?.aborted) return Promise.reject(cancelled(method, signal));
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const cancel = () => {
      this.#post({ kind: 'cancel', id });
      this.#pending.delete(id);
      reject(cancelled(method, signal));
    };
    try {
      this.#post({ kind: 'call', id, method, params }, transfer);
    } catch (cause) {
      const message = `the parameters of ${method} can't cross to a thread: ${messageOf(cause)}`;
      return Promise.reject(new MgrpoError('INTERNAL', message, { cause }));
    }
    this.#pending.set(id, { resolve, reject });
    signal?.addEventListener('abort', cancel, { once: true });
    return promise.finally(() => signal?.removeEventListener('abort', cancel));
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    if (!this.#death) this.#post({ kind: 'close' });
    await this.ended;
  }

  #post(message: ToEngine, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** A call that was cancelled here is gone from the table: its late answer is dropped. */
  #settle(message: FromEngine & { kind: 'result' | 'error' }): void {
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'result') call?.resolve(message.value);
    else call?.reject(fromWire(message.error));
  }
}

function cancelled(method: string, signal: AbortSignal | undefined): MgrpoError {
  return new MgrpoError('CANCELLED', `${method} was cancelled`, { cause: signal?.reason });
}
