import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { messageOf } from '@mgrpo/errors';

const namePrefix = 'mgrpo-chaos-';

/**
 * A network namespace with one way out: a pair of virtual interfaces, of which one end stays here.
 *
 * Unlike a proxy's, its partition is the kernel's: packets vanish, and nobody is told. There is one at a time in a
 * process; what a process that was killed has left is removed by the next.
 */
export class NetworkNamespace {
  /** Our end of the pair, as those inside reach us. */
  readonly hostAddress: string;
  readonly #name = `${namePrefix}${process.pid}`;
  // An interface's name has 15 characters at most.
  readonly #link = `mgrpo${process.pid}`;
  readonly #atExit = () => this.#remove();

  private constructor() {
    // 16,384 networks of four addresses each, of the range that is kept free for tests (RFC 2544).
    const network = process.pid % 16_384;
    const addressOf = (host: number) => `198.18.${network >> 6}.${((network & 63) << 2) + host}`;
    this.hostAddress = addressOf(1);
    removeOrphans();
    this.#remove();
    // However the test ends, the kernel forgets it.
    process.once('exit', this.#atExit);
    const inside = `${this.#link}i`;
    ip('netns', 'add', this.#name);
    ip('link', 'add', this.#link, 'type', 'veth', 'peer', inside, 'netns', this.#name);
    ip('address', 'add', `${this.hostAddress}/30`, 'dev', this.#link);
    ip('link', 'set', this.#link, 'up');
    ip('-n', this.#name, 'address', 'add', `${addressOf(2)}/30`, 'dev', inside);
    for (const device of ['lo', inside]) ip('-n', this.#name, 'link', 'set', device, 'up');
  }

  /** @throws Error where we are not root, or the kernel or `ip` can't do it */
  static open(): NetworkNamespace {
    return new NetworkNamespace();
  }

  /** The command that runs a program inside, before the program; it becomes the program and keeps its files. */
  get command(): readonly [program: string, ...args: string[]] {
    return ['nsenter', `--net=/run/netns/${this.#name}`, '--'];
  }

  /** Ends the way out, without a word to either side. */
  cut(): void {
    ip('link', 'set', this.#link, 'down');
  }

  /** Opens the way out again. */
  mend(): void {
    ip('link', 'set', this.#link, 'up');
  }

  /** Idempotent. Processes that are still inside keep a network without a way out. */
  close(): void {
    process.off('exit', this.#atExit);
    this.#remove();
  }

  #remove(): void {
    if (existsSync(`/sys/class/net/${this.#link}`)) ip('link', 'delete', this.#link);
    if (existsSync(`/run/netns/${this.#name}`)) ip('netns', 'delete', this.#name);
  }
}

/** Why this machine can't make one; null where it can. */
export function whyNoNamespace(): string | null {
  try {
    execFileSync('nsenter', ['--version'], { stdio: 'ignore' });
    NetworkNamespace.open().close();
    return null;
  } catch (error) {
    return messageOf(error).split('\n').at(-1) ?? '';
  }
}

/** Removes the namespaces of processes that are no more; their interfaces go with them. */
function removeOrphans(): void {
  const names = ip('netns', 'list').match(new RegExp(`^${namePrefix}\\d+`, 'gm')) ?? [];
  for (const name of names) {
    const pid = name.slice(namePrefix.length);
    if (existsSync(`/proc/${pid}`)) continue;
    try {
      ip('netns', 'delete', name);
    } catch (error) {
      // Another process may have been first.
      if (existsSync(`/run/netns/${name}`)) throw error;
    }
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
