import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findProgram,
  freePort,
  type RedisAddress,
  type RedisRole,
  redisRoles,
  redisUsers,
  requireRedis,
} from '@mgrpo/queues';
import type { SecretsFolder } from './secrets-folder.ts';

export interface TlsRedis {
  /** As the configuration has it, with {role} for the role. */
  readonly address: RedisAddress;
  addressOf(role: RedisRole): RedisAddress;
  close(): Promise<void>;
}

/** A real Redis that speaks TLS only, with a user and a password for each role; undefined where there is no server. */
export async function startTlsRedis(secrets: SecretsFolder): Promise<TlsRedis | undefined> {
  const program = findProgram(['redis-server', 'valkey-server'], process.env.PATH ?? '');
  if (program === null) return undefined;
  const { folder } = secrets;
  for (const role of redisRoles) {
    writeFileSync(join(folder, role, 'redis-password'), randomBytes(24).toString('hex'));
  }
  const hashOf = (role: RedisRole) => {
    const password = readFileSync(join(folder, role, 'redis-password'));
    return `#${createHash('sha256').update(password).digest('hex')}`;
  };
  const aclFile = join(folder, 'users.acl');
  writeFileSync(aclFile, redisUsers(hashOf));
  const port = await freePort();
  const own = secrets.certificates('redis');
  const tls = ['--tls-port', `${port}`, '--tls-cert-file', own.certificate];
  const files = ['--tls-key-file', own.key, '--tls-ca-cert-file', own.ca, '--aclfile', aclFile];
  const options = ['--port', '0', '--tls-auth-clients', 'no', '--save', '', '--dir', folder];
  const server = spawn(program, [...tls, ...files, ...options], { stdio: 'ignore' });
  const address = {
    url: `rediss://localhost:${port}`,
    username: '{role}',
    passwordFile: join(folder, '{role}', 'redis-password'),
    ca: join(folder, '{role}', 'ca.crt'),
    certificate: null,
    key: null,
  };
  const addressOf = (role: RedisRole) => ({
    ...address,
    username: role,
    passwordFile: address.passwordFile.replace('{role}', role),
    ca: address.ca.replace('{role}', role),
  });
  await untilReady(addressOf('operator'), server);
  return {
    address,
    addressOf,
    close: async () => {
      if (server.exitCode !== null) return;
      server.kill('SIGKILL');
      await new Promise((resolve) => server.once('exit', resolve));
    },
  };
}

async function untilReady(address: RedisAddress, server: ChildProcess): Promise<void> {
  for (;;) {
    try {
      return await requireRedis(address, 1000);
    } catch (error) {
      if (server.exitCode !== null) throw new Error('redis-server ended', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
