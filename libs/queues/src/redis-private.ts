import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MgrpoError } from '@mgrpo/errors';
import { requireRedis } from './redis.ts';

/** How a private server is run. */
export type PrivateRedisCommand =
  | { readonly kind: 'program'; readonly program: string; readonly folder: string }
  | {
      readonly kind: 'docker';
      readonly docker: string;
      readonly image: string;
      readonly port: number;
      readonly folder: string;
    };

/**
 * Runs a server as long as stdin stays open, so that it ends with us however we end: the kernel closes the pipe
 * of a killed process too. A shell does it because it is everywhere and costs 1 MB. It stands in a session of
 * its own: Ctrl-C must not take the server away while services still drain. Only a SIGKILL of this shell
 * itself would leave the server behind.
 */
const keeperScript = `
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; rm -rf "$folder"; kill "$server"; } 2>/dev/null &
watcher=$!
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

const startMs = 10_000;
/** Pulling an image may be part of it. */
const dockerStartMs = 120_000;
const closeMs = 5000;
/** A server that ends sooner than this after its start is not started again. */
const shortestLifeMs = 2000;

/**
 * A Redis or Valkey of our own: append-only file, nothing evicted, reachable from this machine alone.
 *
 * A unix socket in a private folder under the system's temporary one (a run folder's path may be longer than the
 * 100 characters a socket may have) needs neither port nor password. A server that dies is started again with
 * its data.
 */
export class PrivateRedis {
  readonly url: string;
  readonly #command: PrivateRedisCommand;
  readonly #socketFolder: string;
  readonly #log: string;
  #keeper: ChildProcess | null = null;
  #closed = false;

  private constructor(command: PrivateRedisCommand) {
    this.#command = command;
    mkdirSync(join(command.folder, 'data'), { recursive: true });
    this.#log = join(command.folder, 'redis.log');
    this.#socketFolder = mkdtempSync(join(tmpdir(), 'mgrpo-redis-'));
    this.url =
      command.kind === 'docker'
        ? `redis://127.0.0.1:${command.port}`
        : `unix://${join(this.#socketFolder, 'redis.sock')}`;
  }

  /** @throws UNAVAILABLE with the last words of the server's log when it does not answer in time */
  static async start(command: PrivateRedisCommand): Promise<PrivateRedis> {
    const redis = new PrivateRedis(command);
    redis.#spawn();
    try {
      await redis.#untilReady();
    } catch (error) {
      await redis.close();
      throw error;
    }
    return redis;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const keeper = this.#keeper;
    if (keeper && keeper.exitCode === null && keeper.signalCode === null) {
      const exited = new Promise((resolve) => keeper.once('exit', resolve));
      keeper.stdin?.end();
      // The keeper has passed SIGTERM on by now; a server that hangs goes with the whole session.
      const timer = setTimeout(() => process.kill(-keeper.pid!, 'SIGKILL'), closeMs);
      await exited;
      clearTimeout(timer);
    }
    rmSync(this.#socketFolder, { recursive: true, force: true });
  }

  #spawn(): void {
    const startedAt = performance.now();
    const log = openSync(this.#log, 'a');
    const args = ['-c', keeperScript, 'mgrpo-redis', this.#socketFolder, ...this.#argv()];
    const keeper = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', log, log] });
    closeSync(log);
    // The pipe breaks when the server dies first; the exit below is where that is dealt with.
    keeper.stdin?.on('error', () => {});
    keeper.unref();
    keeper.once('exit', () => {
      if (!this.#closed && performance.now() - startedAt > shortestLifeMs) this.#spawn();
    });
    this.#keeper = keeper;
  }

  #argv(): string[] {
    const command = this.#command;
    const data = join(command.folder, 'data');
    const durable = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'];
    if (command.kind === 'docker') {
      const publish = ['-p', `127.0.0.1:${command.port}:6379`, '-v', `${data}:/data`];
      return [
        command.docker,
        'run',
        '--rm',
        ...publish,
        command.image,
        'valkey-server',
        ...durable,
      ];
    }
    const socket = join(this.#socketFolder, 'redis.sock');
    const local = ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700'];
    return [command.program, ...local, '--dir', data, ...durable];
  }

  async #untilReady(): Promise<void> {
    const deadline =
      performance.now() + (this.#command.kind === 'docker' ? dockerStartMs : startMs);
    while (performance.now() < deadline) {
      if (this.#keeper?.exitCode !== null) break;
      try {
        await requireRedis(this.url, 1000);
        return;
      } catch {
        await sleep(20);
      }
    }
    const words = readFileSync(this.#log, 'utf8').trim().split('\n').slice(-3).join(' / ');
    throw new MgrpoError(
      'UNAVAILABLE',
      `the private Redis server did not start (${words || 'it said nothing'}); see ${this.#log}, or name a running server with --redis URL`,
    );
  }
}
