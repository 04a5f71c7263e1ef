import { type ChildProcess, fork } from 'node:child_process';

/** What a process of a load says of itself several times a second. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentMib: number;
  /** Milliseconds for which simulated engines were busy. */
  readonly engineMs: number;
  /** Rollout jobs that ended since it last spoke: their iteration, and when (milliseconds since the epoch). */
  readonly ended: readonly (readonly [iteration: number, atMs: number])[];
}

export type FromChild =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'applied'; readonly iteration: number }
  /** A subscriber has a version. */
  | { readonly kind: 'received'; readonly atMs: number }
  | { readonly kind: 'published'; readonly atMs: number }
  | { readonly kind: 'sent'; readonly bytes: number };

const everyMs = 250;

/** Tells the parent what this process uses, until it ends. */
export function tellUsage(more: () => Pick<Usage, 'engineMs' | 'ended'>): void {
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const residentMib = Math.round(process.memoryUsage.rss() / 2 ** 20);
    tell({ kind: 'usage', usage: { cpuMs: (user + system) / 1000, residentMib, ...more() } });
  }, everyMs).unref();
}

export function tell(message: FromChild): void {
  // A parent that has just gone needs no answer.
  if (process.connected) process.send?.(message, () => {});
}

/** A process of the load, with what it last said. */
export class Child {
  readonly name: string;
  usage: Usage = { cpuMs: 0, residentMib: 0, engineMs: 0, ended: [] };
  readonly #process: ChildProcess;
  readonly #ready = Promise.withResolvers<number>();

  constructor(
    { name, argument }: { name: string; argument: object },
    onMessage: (message: FromChild) => void = () => {},
  ) {
    this.name = name;
    const file = new URL('child.ts', import.meta.url);
    this.#process = fork(file, [name, JSON.stringify(argument)], {
      execArgv: (process.env.LOADARGS ?? '').split(' ').filter(Boolean),
    });
    this.#process.on('message', (message: FromChild) => {
      if (message.kind === 'ready') this.#ready.resolve(message.port);
      if (message.kind === 'usage') this.usage = message.usage;
      onMessage(message);
    });
    this.#process.once('exit', (code) => {
      const error = new Error(`the process "${name}" of the load ended with ${code}`);
      this.#ready.reject(error);
      if (code !== null && code !== 0) throw error;
    });
  }

  /** Its port, once it can be given work. */
  get ready(): Promise<number> {
    return this.#ready.promise;
  }

  send(message: string): void {
    this.#process.send(message);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.disconnect();
    await exited;
  }
}
