import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hidePassword, messageOf } from '@mgrpo/errors';
import { findProgram, type RedisAddress, requireRedis } from '@mgrpo/queues';
import { fingerprint, providers } from '@mgrpo/runtime';
import { machineMemoryBytes } from '@mgrpo/service';
import type { MachineFacts, RedisFacts } from './checks.ts';

const run = promisify(execFile);

/** Looks at this machine: programs, packages, memory. */
export async function machineFacts(options: {
  readonly root: string;
  readonly redis: RedisAddress | string | null;
  readonly searchPath: string;
}): Promise<MachineFacts> {
  const { root, redis, searchPath } = options;
  const { bavail, bsize } = await statfs('.');
  const { cpu, onnxRuntime, node } = await fingerprint();
  return {
    node,
    platform: `${process.platform}-${process.arch}`,
    cpu,
    cores: cpus().length,
    memoryBytes: machineMemoryBytes(),
    freeDiskBytes: bavail * bsize,
    isSetUp: isSetUp(root),
    onnxRuntime,
    providers: providers(),
    redis: await redisFacts(redis, searchPath),
  };
}

/** Whether the installed packages are those of the lock file: bin/setup.mjs keeps a copy of what it installed. */
function isSetUp(root: string): boolean {
  const stamp = join(root, 'node_modules', '.mgrpo-lock.yaml');
  return (
    existsSync(stamp) && readFileSync(stamp).equals(readFileSync(join(root, 'pnpm-lock.yaml')))
  );
}

async function redisFacts(
  address: RedisAddress | string | null,
  searchPath: string,
): Promise<RedisFacts> {
  if (address !== null) {
    const url = typeof address === 'string' ? address : address.url;
    try {
      await requireRedis(address, 3000);
      return { kind: 'answers', url: hidePassword(url) };
    } catch (error) {
      return { kind: 'no-answer', reason: messageOf(error) };
    }
  }
  const program = findProgram(['valkey-server', 'redis-server'], searchPath);
  if (program) {
    const { stdout } = await run(program, ['--version']);
    const version = /v=(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
    return { kind: 'program', program, version };
  }
  const docker = findProgram(['docker'], searchPath);
  if (docker && (await isRunning(docker))) return { kind: 'docker' };
  const isRoot = process.getuid?.() === 0;
  return { kind: isRoot && findProgram(['apt-get'], searchPath) ? 'apt-get' : 'none' };
}

async function isRunning(docker: string): Promise<boolean> {
  try {
    await run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}
