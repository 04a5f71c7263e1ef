import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../services/cli/src/main.ts', import.meta.url));

export interface CommandResult {
  /** Exit code; null when a signal ended the process. */
  code: number | null;
  stdout: string;
  stderr: string;
  pid: number | undefined;
}

interface ProgramOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** Ctrl-C is sent when stdout says this for the first time. */
  readonly until?: RegExp;
}

/** Runs a program to its end; one that hangs is killed before the test is. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { until, ...options }: ProgramOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 110_000,
    killSignal: 'SIGKILL',
  });
  if (until !== undefined) interruptAt(until, child);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr, pid: child.pid };
}

function interruptAt(until: RegExp, child: ChildProcessByStdio<null, Readable, Readable>): void {
  let said = '';
  const look = (chunk: Buffer) => {
    said += chunk;
    if (!until.test(said)) return;
    child.stdout.off('data', look);
    child.kill('SIGINT');
  };
  child.stdout.on('data', look);
}

/** Runs `mgrpo ARGS` as a person does, in a process of its own. */
export function mgrpo(...args: string[]): Promise<CommandResult> {
  return runProgram(process.execPath, [main, ...args], { env: withoutRedis() });
}

/** The same, with Ctrl-C when stdout says `until`. */
export function mgrpoUntil(until: RegExp, ...args: string[]): Promise<CommandResult> {
  return runProgram(process.execPath, [main, ...args], { env: withoutRedis(), until });
}

function withoutRedis(): NodeJS.ProcessEnv {
  return { ...process.env, REDIS_URL: '' };
}
