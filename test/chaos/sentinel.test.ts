import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, findProgram, freePort } from '@mgrpo/queues';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';

const server = findProgram(['redis-server', 'valkey-server'], process.env.PATH ?? '');
if (server === null) console.log('failover: no redis-server on the PATH; skipped');

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
const servers: ChildProcess[] = [];
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(async () => {
  for (const each of servers) {
    each.kill('SIGKILL');
    if (each.exitCode === null && each.signalCode === null) await once(each, 'exit');
  }
  workspace.remove();
});

/** Starts a server in a folder of its own. */
function start(name: string, args: readonly string[]): ChildProcess {
  const folder = join(workspace.folder, name);
  mkdirSync(folder, { recursive: true });
  const child = spawn(server!, args, { cwd: folder, stdio: 'ignore' });
  servers.push(child);
  return child;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('waited 20 s for the servers');
    await sleep(50);
  }
}

/** A master with one replica, and a Sentinel that makes the replica master a second after the master is gone. */
async function startServers(): Promise<{ url: string; master: ChildProcess; replicaPort: number }> {
  const [masterPort, replicaPort, sentinelPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const common = ['--appendonly', 'yes', '--save', '', '--bind', '127.0.0.1'];
  const master = start('master', ['--port', `${masterPort}`, ...common]);
  start('replica', [
    '--port',
    `${replicaPort}`,
    '--replicaof',
    '127.0.0.1',
    `${masterPort}`,
    ...common,
  ]);
  const replica = connectRedis(`redis://127.0.0.1:${replicaPort}`);
  await until(async () => /master_link_status:up/.test(await replica.info('replication')));
  replica.disconnect();
  mkdirSync(join(workspace.folder, 'sentinel'));
  const settings = [
    `port ${sentinelPort}`,
    'bind 127.0.0.1',
    `sentinel monitor run 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds run 1000',
    'sentinel failover-timeout run 5000',
  ].join('\n');
  writeFileSync(join(workspace.folder, 'sentinel', 'sentinel.conf'), `${settings}\n`);
  start('sentinel', ['sentinel.conf', '--sentinel']);
  const sentinel = connectRedis(`redis://127.0.0.1:${sentinelPort}`);
  await until(async () => {
    const replicas = (await sentinel.call('SENTINEL', 'REPLICAS', 'run')) as string[][];
    return replicas.length === 1;
  });
  sentinel.disconnect();
  return { url: `redis+sentinel://127.0.0.1:${sentinelPort}/run`, master, replicaPort };
}

it.skipIf(server === null)(
  'the bits are the same when the Redis master dies and a replica takes over',
  async () => {
    const { base, folder } = workspace;
    const undisturbed = await trainSmall({ runFolder: join(folder, 'undisturbed'), base });
    const { url, master, replicaPort } = await startServers();
    const disturbed = await trainSmall({
      runFolder: join(folder, 'failover'),
      base,
      redisUrl: url,
      onIteration: (applied) => {
        if (applied === 2) master.kill('SIGKILL');
      },
    });
    expect(disturbed).toEqual(undisturbed);
    const successor = connectRedis(`redis://127.0.0.1:${replicaPort}`);
    expect(await successor.info('replication')).toContain('role:master');
    successor.disconnect();
  },
);
