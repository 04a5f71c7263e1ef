import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

/** Debian's packages ask this program whether they may start a service; 101 means no. */
const servicePolicy = '/usr/sbin/policy-rc.d';
const installMs = 300_000;

/**
 * Installs the Debian package redis-server without starting its service.
 *
 * @returns null when apt-get succeeded, else why it was not run or failed
 */
export async function installRedis(options: {
  readonly aptGet: string;
  readonly tell: (message: string) => void;
}): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'apt-get needs root';
  options.tell('installing redis-server with apt-get, once');
  const release = forbidServices();
  try {
    const wait = ['-q', '-o', 'DPkg::Lock::Timeout=120'];
    // An index that can't be refreshed may still be good enough.
    await aptGet(options.aptGet, ['update', ...wait]);
    const install = ['install', '-y', '--no-install-recommends', ...wait, 'redis-server'];
    const failure = await aptGet(options.aptGet, install);
    return failure === null ? null : `apt-get install redis-server failed (${failure})`;
  } finally {
    release();
  }
}

function forbidServices(): () => void {
  try {
    writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 });
    return () => rmSync(servicePolicy, { force: true });
  } catch {
    // The machine has a policy of its own (images do): it stays.
    return () => {};
  }
}

/** Runs apt-get; null, or the last line of what it said. */
async function aptGet(program: string, args: readonly string[]): Promise<string | null> {
  const child = spawn(program, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: installMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const status = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  return status === 0 ? null : (output.trim().split('\n').at(-1) ?? 'no output');
}
