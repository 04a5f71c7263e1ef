import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, findProgram, freePort, requireRedis } from '@mgrpo/queues';

/** A Redis of a test, with an append-only file, that can be killed and comes back on its port. */
export class RedisProcess {
  readonly port: number;
  readonly #folder: string;
  #server: ChildProcess | null = null;
  readonly #killNow = () => this.#server?.kill('SIGKILL');

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  static async start(folder: string): Promise<RedisProcess> {
    const redis = new RedisProcess(folder, await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const program = findProgram(['valkey-server', 'redis-server'], process.env.PATH ?? '');
    if (program === null) throw new Error('the chaos test needs valkey-server or redis-server');
    mkdirSync(this.#data, { recursive: true });
    const log = openSync(join(this.#folder, 'redis.log'), 'a');
    const durable = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'];
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#data];
    this.#server = spawn(program, [...place, ...durable], { stdio: ['ignore', log, log] });
    closeSync(log);
    // However the test ends, its server ends too.
    process.once('exit', this.#killNow);
    const deadline = Date.now() + 10_000;
    while (!(await isUp(this.url))) {
      if (Date.now() > deadline) throw new Error('the Redis of the chaos test did not start');
      await sleep(20);
    }
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    process.off('exit', this.#killNow);
    if (server === null || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#server?.kill(signal);
  }

  /** Removes all that a killed server would find again. */
  forget(): void {
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** Sends one command over a connection of its own. */
  async command(...[name, ...args]: [string, ...(string | number)[]]): Promise<unknown> {
    const client = connectRedis(this.url);
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }
}

async function isUp(url: string): Promise<boolean> {
  return await requireRedis(url, 500).then(
    () => true,
    () => false,
  );
}
