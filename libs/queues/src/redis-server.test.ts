import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { connectRedis, requireRedis } from './redis.ts';
import { findProgram, openRedis, type RedisServer } from './redis-server.ts';

const servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const newFolder = () => mkdtempSync(join(tmpdir(), 'mgrpo-redis-test-'));
const path = process.env.PATH ?? '';
const realServer = () => findProgram(['valkey-server', 'redis-server'], path);

// On a fresh machine this installs one, which takes its time.
beforeAll(async () => (await open()).server.close(), 300_000);

async function open(options: { url?: string; searchPath?: string; folder?: string } = {}) {
  const told: string[] = [];
  const server = await openRedis({
    url: options.url ?? null,
    folder: options.folder ?? newFolder(),
    tell: (message) => told.push(message),
    searchPath: options.searchPath ?? path,
  });
  servers.push(server);
  return { server, told };
}

/** A folder of programs: the real redis-server under other names, or a script. */
function programs(scripts: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** Stands in for docker: takes the published port and runs the machine's own server there. */
const dockerStandIn = () =>
  programs({
    docker: `[ "$1" = version ] && exit 0
while [ "$1" != -p ]; do shift; done
port=\${2#127.0.0.1:}
exec ${realServer()} --port "\${port%:6379}" --bind 127.0.0.1 --save "" --dir "\${4%:/data}"`,
  });

async function ask<T>(url: string, use: (redis: ReturnType<typeof connectRedis>) => Promise<T>) {
  const redis = connectRedis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

const pidOf = (url: string) =>
  ask(url, async (redis) => Number(/process_id:(\d+)/.exec(await redis.info('server'))![1]));

async function untilGone(pid: number): Promise<void> {
  const isThere = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(isThere, { message: `process ${pid}` }).toBe(false);
}

test('a private server keeps what it is told, evicts nothing and is reached by no network', async () => {
  const { server } = await open();
  await ask(server.url, async (redis) => {
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
    expect(await redis.config('GET', 'save')).toEqual(['save', '']);
    expect(await redis.config('GET', 'port')).toEqual(['port', '0']);
  });
});

test('closing ends the server, and closing twice is harmless', async () => {
  const { server } = await open();
  const pid = await pidOf(server.url);
  await server.close();
  await server.close();
  await untilGone(pid);
});

test('a server dies with its owner, also when the owner is killed', async () => {
  const fixture = fileURLToPath(new URL('redis-server.fixture.ts', import.meta.url));
  const owner = spawn(process.execPath, [fixture, newFolder()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = await once(owner.stdout, 'data');
  const pid = await pidOf(String(chunk).trim());
  owner.kill('SIGKILL');
  await untilGone(pid);
});

test('a server that is killed comes back at the same place with its data', async () => {
  const { server } = await open();
  await sleep(2100);
  await ask(server.url, async (redis) => {
    await redis.set('key', 'value');
    await sleep(1200);
    process.kill(await pidOf(server.url), 'SIGKILL');
    expect(await redis.get('key')).toBe('value');
  });
});

test('a server that does not start says why', async () => {
  const broken = programs({ 'valkey-server': 'echo "bad luck" >&2; exit 3' });
  await expect(open({ searchPath: broken })).rejects.toThrow(
    /the private Redis server did not start \(bad luck\)/,
  );
});

test('a server that was named is used, and outlives us', async () => {
  const { server } = await open();
  const named = await open({ url: server.url });
  await named.server.close();
  await requireRedis(server.url, 30_000);
});

test('a wrong address is one error with the address, without its password', async () => {
  const url = 'redis://me:secret@127.0.0.1:1';
  const refused = open({ url });
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(refused).rejects.toThrow(/redis:\/\/me:\*\*\*@127.0.0.1:1: .*ECONNREFUSED.*--redis/);
  await expect(refused).rejects.not.toThrow(/secret/);
});

test('a wrong or missing password is one error with the address, without the password', async () => {
  const { server } = await open({ searchPath: dockerStandIn() });
  await ask(server.url, (redis) => redis.config('SET', 'requirepass', 'right'));
  await expect(open({ url: server.url })).rejects.toThrow(/redis:\/\/127.*NOAUTH/);
  const wrong = open({ url: server.url.replace('//', '//:wrong@') });
  await expect(wrong).rejects.toThrow(/redis:\/\/:\*\*\*@127.*WRONGPASS/);
  await expect(wrong).rejects.not.toThrow(/:wrong/);
});

test('without any server the error says what was looked for and how to get one', async () => {
  const none = open({ searchPath: programs({ docker: 'exit 1' }) });
  await expect(none).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(none).rejects.toThrow(
    /neither valkey-server nor redis-server is on the PATH, docker is not running, there is no apt-get\. Install one .*apt-get install redis-server/,
  );
});

test('docker is asked when it runs', async () => {
  const { server, told } = await open({ searchPath: dockerStandIn() });
  expect(server.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  expect(told).toEqual([expect.stringContaining('in docker')]);
});

test.skipIf(process.getuid?.() !== 0)(
  'apt-get installs a server where it runs as root',
  async () => {
    const folder = newFolder();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const aptGet = programs({
      'apt-get': `echo "$@" >> ${folder}/calls; [ "$1" = update ] || /bin/ln -s ${realServer()} ${bin}/redis-server`,
    });
    const { server, told } = await open({ searchPath: `${bin}:${aptGet}` });
    await requireRedis(server.url, 30_000);
    expect(told).toEqual(['installing redis-server with apt-get, once']);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toMatch(
      /^update .*\ninstall -y .* redis-server\n$/,
    );
  },
);

test('the first name that stands anywhere on the PATH is found', () => {
  const [first, second] = [programs({ 'redis-server': '' }), newFolder()];
  symlinkSync(join(first, 'redis-server'), join(second, 'valkey-server'));
  const names = ['valkey-server', 'redis-server'];
  expect(findProgram(names, `${first}:${second}`)).toBe(join(second, 'valkey-server'));
  expect(findProgram(names, first)).toBe(join(first, 'redis-server'));
  expect(findProgram(names, '/nowhere')).toBeNull();
});
