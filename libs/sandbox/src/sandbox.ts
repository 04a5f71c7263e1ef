import { availableParallelism } from 'node:os';
import { MgrpoError } from '@mgrpo/errors';
import { type ProbedHost, probeHost } from './probe.ts';
import { type ProgramResult, type ProgramRun, runProgram } from './run-program.ts';

/** Runs model-written Python, each program in a bubblewrap of its own; see docs/sandbox.md for what that keeps out. */
export class Sandbox {
  readonly pythonVersion: string;
  readonly #host: ProbedHost;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #numFree: number;

  /** @param numAtOnce programs that run at the same time; further ones wait for their turn */
  constructor(host: ProbedHost, numAtOnce: number) {
    this.#host = host;
    this.#numFree = numAtOnce;
    this.pythonVersion = host.pythonVersion;
  }

  /**
   * Runs a program.
   *
   * UNAVAILABLE when the sandbox itself fails, CANCELLED when it is closed meanwhile, INVALID_CONFIG for limits that
   * can't be kept.
   */
  async run(program: ProgramRun): Promise<ProgramResult> {
    checkLimits(program);
    const running = this.#inTurn(program);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends the programs that run or wait, and returns when all are gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #inTurn(program: ProgramRun): Promise<ProgramResult> {
    if (this.#closing.signal.aborted) {
      throw new MgrpoError('CANCELLED', 'the sandbox is closed and runs no more programs');
    }
    if (this.#numFree > 0) this.#numFree -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await runProgram(this.#host, program, this.#closing.signal);
    } finally {
      // The place goes to the one that has waited longest.
      const next = this.#waiting.shift();
      if (next === undefined) this.#numFree += 1;
      else next();
    }
  }
}

/** Less memory and Python itself doesn't start, which would look like a program that fails. */
const leastMemoryMiB = 64;

function checkLimits({ timeLimitSeconds, memoryLimitMiB }: ProgramRun): void {
  if (!(timeLimitSeconds > 0 && timeLimitSeconds <= 86_400)) {
    const what = `a program's time limit must be above 0 and at most a day, not ${timeLimitSeconds} s`;
    throw new MgrpoError('INVALID_CONFIG', what);
  }
  if (!(Number.isInteger(memoryLimitMiB) && memoryLimitMiB >= leastMemoryMiB)) {
    const what = `a program's memory limit must be ${leastMemoryMiB} MiB or more in whole MiB`;
    throw new MgrpoError('INVALID_CONFIG', `${what}, not ${memoryLimitMiB}`);
  }
}

/**
 * Opens a sandbox after a program of ours has tried to get out of it and failed.
 *
 * @throws MgrpoError UNAVAILABLE with what is missing (bubblewrap, python3, user namespaces) and the remedy
 */
export async function openSandbox({
  searchPath,
  numAtOnce = availableParallelism(),
}: {
  /** Folders in which bubblewrap is looked for, as in PATH. */
  readonly searchPath: string;
  readonly numAtOnce?: number;
}): Promise<Sandbox> {
  return new Sandbox(await probeHost(searchPath), numAtOnce);
}
