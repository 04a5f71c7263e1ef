import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { MgrpoError } from '@mgrpo/errors';
import { type FromEngine, type ToEngine, toWire } from './engine-message.ts';

/** What a handler gets besides its parameters. */
export interface CallContext {
  /** Aborts when the caller gave up or the engine is closing: stop before the next run. */
  readonly signal: AbortSignal;
}

/** What an engine gets when it opens. */
export interface EngineContext {
  /** Aborts when the main thread asked to close. */
  readonly stopping: AbortSignal;
}

/** The methods of an engine, by name. `close`, where present, frees its sessions at the end. */
// biome-ignore lint/suspicious/noExplicitAny: a method's parameters are its own; `never` would lose them.
export type Handlers = Readonly<Record<string, (params: any, context: CallContext) => unknown>>;

const transfers = new WeakMap<object, readonly Transferable[]>();

/** Marks buffers of a handler's result to be moved to the main thread instead of copied. */
export function withTransfer<T extends object>(value: T, buffers: readonly Transferable[]): T {
  transfers.set(value, buffers);
  return value;
}

export interface ServeOptions {
  /**
   * `concurrent`: calls start as they come and interleave between runs. `serial`: one at a time, in
   * order of arrival, for engines whose state a call leaves half-changed between two runs.
   */
  readonly order: 'serial' | 'concurrent';
}

/**
 * Serves an engine in this worker thread: opens it with the `init` of `startEngine`, then answers calls.
 *
 * On `close` the running calls see their signal abort, are waited for, and only then is the thread
 * given up: terminating it inside a run aborts the whole process (rc 134, design.md section 2).
 */
export function serveEngine<Init, H extends Handlers>(
  open: (init: Init, context: EngineContext) => Promise<H> | H,
  options: ServeOptions,
): void {
  const port = parentPort;
  if (port === null) throw new MgrpoError('INTERNAL', 'serveEngine runs in a worker thread only');
  const post = (message: FromEngine, transfer: readonly Transferable[] = []) =>
    port.postMessage(message, transfer);
  const stopping = new AbortController();
  const running = new Map<number, { abort: AbortController; settled: Promise<void> }>();
  let lastCall: Promise<void> = Promise.resolve();
  const opened = Promise.resolve().then(() =>
    open(workerData as Init, { stopping: stopping.signal }),
  );
  opened.then(
    () => post({ kind: 'opened' }),
    (error: unknown) => post({ kind: 'failed-to-open', error: toWire(error) }),
  );

  const answer = async (call: ToEngine & { kind: 'call' }, abort: AbortController) => {
    try {
      const value = await invoke(await opened, call, abort.signal);
      const buffers = typeof value === 'object' && value !== null ? transfers.get(value) : [];
      post({ kind: 'result', id: call.id, value }, buffers);
    } catch (error) {
      post({ kind: 'error', id: call.id, error: toWire(error) });
    }
    running.delete(call.id);
  };

  const start = (call: ToEngine & { kind: 'call' }) => {
    const abort = new AbortController();
    const before = options.order === 'serial' ? lastCall : Promise.resolve();
    const settled = before.then(() => answer(call, abort));
    lastCall = settled;
    running.set(call.id, { abort, settled });
  };

  const close = async () => {
    stopping.abort();
    const calls = [...running.values()];
    for (const { abort } of calls) abort.abort();
    await Promise.all(calls.map(({ settled }) => settled));
    // An engine that failed to open has said so already and has nothing to free.
    const handlers = await opened.catch(() => undefined);
    await handlers?.close?.(undefined, { signal: stopping.signal });
    post({ kind: 'closed' });
  };

  port.on('message', (message: ToEngine) => {
    if (message.kind === 'call') start(message);
    else if (message.kind === 'cancel') running.get(message.id)?.abort.abort();
    else
      close().catch((error: unknown) =>
        queueMicrotask(() => {
          throw error;
        }),
      );
  });
}

async function invoke(
  handlers: Handlers,
  call: ToEngine & { kind: 'call' },
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) throw new MgrpoError('CANCELLED', `${call.method} was cancelled`);
  const handler = Object.hasOwn(handlers, call.method) ? handlers[call.method] : undefined;
  if (!handler) throw new MgrpoError('INTERNAL', `the engine has no method ${call.method}`);
  return await handler(call.params, { signal });
}
