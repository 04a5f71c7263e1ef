import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { MgrpoError } from '@mgrpo/errors';
import { bubblewrapArguments, descriptors } from './bubblewrap.ts';
import { CappedText } from './capped-text.ts';

/** A Python program and what it may use. */
export interface ProgramRun {
  readonly program: string;
  /** A file, so that it can be opened as /dev/stdin too; empty unless given. */
  readonly stdin?: string;
  /** CPU time, rounded up to whole seconds; ten times that and 2 s more may pass on the clock. */
  readonly timeLimitSeconds: number;
  /** Address space of the one process that the program is. */
  readonly memoryLimitMiB: number;
}

/** How a program ended. A sandbox that breaks is not among the ways: that is an error. */
export type ProgramResult = {
  readonly stdout: string;
  readonly stderr: string;
} & (
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly exitCode: number }
  | { readonly kind: 'timed-out' }
  /** Also a program that kills itself by SIGKILL: the kernel does the same to one when memory is short. */
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'too-much-output' }
);

/** What the machine has for a sandbox. */
export interface SandboxHost {
  readonly bwrap: string;
  readonly python: string;
  readonly filter: Uint8Array;
  /** Who starts bubblewrap: nobody where we are root, so that not even an escape is root; null: who we are. */
  readonly user: number | null;
}

/** The most that is kept of each of a program's two outputs. */
const maxOutputBytes = 1 << 20;
const maxStatusBytes = 1 << 16;
const signalled = 128; // An exit code of 128 + n is signal n.
const sigkill = 9;
const sigxcpu = 24;

/**
 * Runs one program in a sandbox of its own and waits until no process of it is left.
 *
 * UNAVAILABLE when the sandbox itself can't be made, CANCELLED when `signal` is.
 */
export async function runProgram(
  host: SandboxHost,
  run: ProgramRun,
  signal: AbortSignal,
): Promise<ProgramResult> {
  const cpuSeconds = Math.max(1, Math.ceil(run.timeLimitSeconds));
  const limits = { cpuSeconds, memoryMiB: run.memoryLimitMiB };
  const identity = host.user === null ? {} : { uid: host.user, gid: host.user };
  // A signal that came while this run was waiting: spawn would report it as its own failure.
  if (signal.aborted) throw cancelled();
  const started = performance.now();
  const child = spawn(host.bwrap, bubblewrapArguments(host.python, limits), {
    ...identity,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  let stopped: 'timed-out' | 'too-much-output' | 'cancelled' | null = null;
  const stop = (reason: NonNullable<typeof stopped>) => {
    stopped ??= reason;
    killNamespace(child, status.text);
  };
  const stdout = new CappedText(child.stdout!, maxOutputBytes, () => stop('too-much-output'));
  const stderr = new CappedText(child.stderr!, maxOutputBytes, () => stop('too-much-output'));
  const statusPipe = pipeOf(child, descriptors.status) as Readable;
  const status = new CappedText(statusPipe, maxStatusBytes);
  // A stop that came before bubblewrap had started the namespace.
  statusPipe.on('data', () => stopped !== null && killNamespace(child, status.text));
  feed(child, descriptors.program, run.program);
  feed(child, descriptors.input, run.stdin ?? '');
  feed(child, descriptors.filter, host.filter);
  // For programs that sleep. On a machine with much else to do, a busy one may need this long for its CPU time.
  const timer = setTimeout(() => stop('timed-out'), 1000 * (10 * cpuSeconds + 2));
  const cancel = () => stop('cancelled');
  signal.addEventListener('abort', cancel);
  try {
    await ended(child, host.bwrap);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
  if (stopped === 'cancelled') throw cancelled();
  const outputs = { stdout: stdout.text, stderr: stderr.text };
  if (stopped !== null) return { kind: stopped, ...outputs };
  const exitCode = exitCodeOf(status.text);
  if (exitCode === null) {
    throw new MgrpoError('UNAVAILABLE', `the sandbox could not start: ${lastLine(outputs.stderr)}`);
  }
  const hadItsTime = performance.now() - started >= 1000 * cpuSeconds;
  return { ...outcome(exitCode, { stderr: outputs.stderr, hadItsTime }), ...outputs };
}

/**
 * Kills the namespace's first process, and with it every other one in there; bubblewrap ends by itself then. Before
 * bubblewrap has told its pid nothing is killed: a process that was just made outlives a bubblewrap killed too early.
 */
function killNamespace(child: ChildProcess, status: string): void {
  const found = /"child-pid"\s*:\s*(\d+)/.exec(status);
  if (found === null || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(Number(found[1]), 'SIGKILL');
  } catch {
    // It has ended on its own.
  }
}

function outcome(
  exitCode: number,
  { stderr, hadItsTime }: { readonly stderr: string; readonly hadItsTime: boolean },
) {
  if (exitCode === 0) return { kind: 'passed' } as const;
  if (exitCode === signalled + sigxcpu) return { kind: 'timed-out' } as const;
  if (exitCode === signalled + sigkill) {
    return { kind: hadItsTime ? 'timed-out' : 'out-of-memory' } as const;
  }
  if (/^MemoryError\b/.test(lastLine(stderr))) return { kind: 'out-of-memory' } as const;
  return { kind: 'failed', exitCode } as const;
}

/** The program's exit code from bubblewrap's own report; null when it never came to start the program. */
function exitCodeOf(status: string): number | null {
  const found = /"exit-code"\s*:\s*(\d+)/.exec(status);
  return found === null ? null : Number(found[1]);
}

/** Node's type knows of the first five descriptors only. */
function pipeOf(child: ChildProcess, descriptor: number): Readable | Writable {
  const pipes: readonly (Readable | Writable | null | undefined)[] = child.stdio;
  return pipes[descriptor]!;
}

function feed(child: ChildProcess, descriptor: number, content: string | Uint8Array): void {
  const pipe = pipeOf(child, descriptor) as Writable;
  // A sandbox that fails or is killed does not read to the end; that it did is said by its status.
  pipe.on('error', () => {});
  pipe.end(content);
}

/** Resolves once the process is gone and its outputs are closed, which no process in the sandbox outlives. */
async function ended(child: ChildProcess, bwrap: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('close', () => resolve());
  child.on('error', (error) => {
    const what = `${bwrap} could not be started: ${error.message}`;
    reject(new MgrpoError('UNAVAILABLE', what, { cause: error }));
  });
  await promise;
}

function cancelled(): MgrpoError {
  return new MgrpoError('CANCELLED', 'the run of a program in the sandbox was cancelled');
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
