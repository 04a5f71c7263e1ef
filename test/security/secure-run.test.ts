import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectRedis,
  livingServices,
  Presence,
  type RedisRole,
  redisRoles,
  requireRedis,
} from '@mgrpo/queues';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkspace, type SmallRun, trainSmall } from '../loop/small-run.ts';
import { makeSecrets, type SecretsFolder } from './secrets-folder.ts';
import { startTlsRedis, type TlsRedis } from './tls-redis.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let secrets: SecretsFolder;
let redis: TlsRedis | undefined;
beforeAll(async () => {
  workspace = await makeWorkspace();
  secrets = makeSecrets();
  redis = await startTlsRedis(secrets);
});
afterAll(async () => {
  await redis?.close();
  workspace.remove();
  secrets.remove();
});

describe('a Redis with a user for each role', () => {
  const refusal = async (role: RedisRole, ...command: [string, ...string[]]) => {
    const client = connectRedis(redis!.addressOf(role));
    try {
      const answer = client.call(...command).catch((error: Error) => error.message);
      return await Promise.race([answer, sleep(5000, 'no answer')]);
    } finally {
      client.disconnect();
    }
  };
  const denied = expect.stringMatching(/^NOPERM/);

  it('refuses what no part of a run needs', async ({ skip }) => {
    if (redis === undefined) skip('there is no redis-server');
    for (const role of ['coordinator', 'policy-rollout', 'voter', 'learner', 'operator'] as const) {
      expect(await refusal(role, 'FLUSHALL')).toEqual(denied);
      expect(await refusal(role, 'CONFIG', 'GET', '*')).toEqual(denied);
      expect(await refusal(role, 'KEYS', '*')).toEqual(denied);
      expect(await refusal(role, 'SCAN', '0')).toEqual(denied);
      expect(await refusal(role, 'ACL', 'LIST')).toEqual(denied);
      expect(await refusal(role, 'GET', 'someone-else')).toEqual(denied);
      expect(await refusal(role, 'MONITOR')).toEqual(denied);
    }
  });

  it('keeps each role to its own queues and payloads', async ({ skip }) => {
    if (redis === undefined) skip('there is no redis-server');
    const policyRollouts = 'mgrpo:r:train:0:policy:0+1:0+3:1';
    expect(await refusal('policy-rollout', 'SET', policyRollouts, 'x')).toBe('OK');
    expect(await refusal('voter', 'GET', policyRollouts)).toBe('x');
    expect(await refusal('momentum-rollout', 'GET', policyRollouts)).toEqual(denied);
    expect(await refusal('policy-rollout', 'SET', 'mgrpo:r:verdict:0:0', 'x')).toEqual(denied);
    expect(await refusal('voter', 'SET', 'mgrpo:r:verdict:0:0', 'x')).toBe('OK');
    expect(await refusal('voter', 'LLEN', '{mgrpo.r}:rollout-policy:wait')).toEqual(denied);
    expect(await refusal('learner', 'LLEN', '{mgrpo.r}:rollout-policy:wait')).toEqual(denied);
    expect(await refusal('operator', 'GET', policyRollouts)).toEqual(denied);
    await refusal('learner', 'UNLINK', policyRollouts, 'mgrpo:r:verdict:0:0');
  });

  it('lets every service say that it is alive, and read the clock that all share', async ({
    skip,
  }) => {
    if (redis === undefined) skip('there is no redis-server');
    const services = redisRoles.filter((role) => role !== 'operator');
    const prefix = '{mgrpo.r}';
    const clients = services.map((role) => connectRedis(redis!.addressOf(role)));
    const errors: string[] = [];
    const present = services.map((service, i) => {
      const sign = { service, process: service, state: 'ready', weightVersions: [], jobs: 0 };
      const onError = ({ message }: Error) => errors.push(message);
      return new Presence({ redis: clients[i]!, prefix, describe: () => sign, onError });
    });
    try {
      for (const client of clients) expect(await client.time()).toHaveLength(2);
      const coordinator = clients[services.indexOf('coordinator')]!;
      const living = async () =>
        (await livingServices(coordinator, prefix)).map(({ service }) => service);
      await expect.poll(living).toEqual([...services].sort());
      expect(errors).toEqual([]);
    } finally {
      for (const each of present) each.close();
      for (const client of clients) client.disconnect();
    }
  });

  it('lets nobody in by another password, name or authority', async ({ skip }) => {
    if (redis === undefined) skip('there is no redis-server');
    const voter = redis!.addressOf('voter');
    const asLearner = { ...voter, username: 'learner' };
    await expect(requireRedis(asLearner, 3000)).rejects.toThrow(/WRONGPASS/);
    const nameless = { ...voter, username: null, passwordFile: null };
    await expect(requireRedis(nameless, 3000)).rejects.toThrow(/NOAUTH|NOPERM/);
    await expect(requireRedis({ ...voter, ca: null }, 3000)).rejects.toThrow(/certificate/);
  });
});

it('trains to the same weights with TLS, certificates and users everywhere, through a relay, and leaves no secret behind', async ({
  skip,
}) => {
  if (redis === undefined) skip('there is no redis-server');
  const small = (name: string, more: Partial<SmallRun> = {}) =>
    trainSmall({ runFolder: join(workspace.folder, name), base: workspace.base, ...more });
  secrets.tokenFile('monitoring');
  const security = { ...secrets.certificates('{role}'), tokensFile: secrets.tokensFile };
  const before = secretsIn(secrets.folder);
  const secure = await small('secure', {
    set: [
      'deployment.security.reloadMs=100',
      'deployment.workers.relay=1',
      ...settings('deployment.security', security),
      ...settings('deployment.redis', redis!.address),
    ],
    // Certificates are renewed while everyone works, and a worker that starts then has a new one.
    onIteration: (applied, pids) => {
      if (applied === 2) secrets.renew();
      if (applied === 3) process.kill(pids.get('voter-1')!, 'SIGKILL');
    },
  });
  const plain = await small('plain');
  expect(secure.outcome).toBe('finished');
  expect(secure.restarts).toEqual(['voter-1']);
  expect(secure.policySha256).toBe(plain.policySha256);
  expect(secure.metrics).toEqual(plain.metrics);
  for (const role of ['policy', 'momentum']) {
    const log = readFileSync(join(workspace.folder, `secure/logs/${role}-rollout-1.log`), 'utf8');
    // The relay served them: no one turned to the learner.
    expect(log).toContain('"msg":"ready"');
    expect(log).not.toContain('weights come from another source');
  }

  const planted = [...before, ...secretsIn(secrets.folder)];
  expect(planted.length).toBeGreaterThan(15);
  const found = filesOf(join(workspace.folder, 'secure')).filter((path) => {
    const text = readFileSync(path, 'latin1');
    return planted.some((secret) => text.includes(secret));
  });
  expect(found).toEqual([]);
});

const settings = (section: string, values: object) =>
  Object.entries(values).map(([key, value]) => `${section}.${key}=${JSON.stringify(value)}`);

/** What must not be found again: passwords, tokens, and a line of each key. */
function secretsIn(folder: string): string[] {
  return filesOf(folder).flatMap((path) => {
    if (/(token|redis-password)$/.test(path)) return [readFileSync(path, 'utf8').trim()];
    return path.endsWith('.key') ? [readFileSync(path, 'utf8').split('\n')[1]!] : [];
  });
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
