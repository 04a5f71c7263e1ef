import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Runs a program to its end; one that hangs is killed after a minute. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'> = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr, pid: child.pid };
}

/** Runs `mgrpo ARGS` as a person does, in a process of its own. */
export function mgrpo(...args: string[]): Promise<CommandResult> {
  const env = { ...process.env, REDIS_URL: '' };
  return runProgram(process.execPath, [main, ...args], { env });
}
