import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Why a Python can't be a peer, or null where it has all the packages. */
export function missingPackages(python: string, packages: readonly string[]): string | null {
  const found = spawnSync(python, ['-c', `import ${packages.join(', ')}`], { encoding: 'utf8' });
  if (found.error) return `there is no ${python}`;
  return found.status === 0 ? null : (found.stderr.trim().split('\n').at(-1) ?? 'it failed');
}

/** A Python script beside this file that answers lines of JSON with lines of JSON. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(python: string, script: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
    this.#child = spawn(python, [path, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Sends one command and waits for its answer. */
  async ask<Answer>(command: object): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
    return this.answer();
  }

  /** Waits for an answer to no command: what the script says when it is ready. */
  async answer<Answer>(): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the peer ended; what it wrote to stderr says why');
    return JSON.parse(value) as Answer;
  }

  /** Ends the script's input and with that the script. */
  close(): void {
    this.#child.stdin!.end();
  }
}
