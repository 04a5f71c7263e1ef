import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRunConfig } from '@mgrpo/config';
import { tokenHash } from '@mgrpo/rpc';
import { createLogger, createRegistry } from '@mgrpo/telemetry';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { openServers } from './servers.ts';
import { openPeerSecurity } from './service-security.ts';

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-servers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const recipe = join(import.meta.dirname, '../../../recipes/arithmetic.yaml');

/** The doors of a service on every interface, with keys of `deployment.security`. */
async function open(set: readonly string[] = [], host = '0.0.0.0') {
  const overrides = set.map((each) => ({
    flag: '--set',
    assignment: `deployment.security.${each}`,
  }));
  const config = loadRunConfig({ file: recipe, environment: {}, overrides });
  const security = openPeerSecurity(config.deployment.security, () => {});
  onTestFinished(() => security.close());
  const registry = createRegistry('voter');
  const servers = await openServers({
    context: {
      config,
      security,
      registry,
      log: createLogger({ service: 'voter', level: 'silent' }),
    },
    listen: { host, port: 0, metricsPort: 0 },
    services: [],
    notReady: () => null,
  });
  onTestFinished(() => servers.close(0));
  const get = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${servers.metricsPort}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  };
  return { get };
}

it('a port for other machines is refused when nobody is asked who they are', async () => {
  await expect(open()).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringMatching(
      /refusing to listen on 0\.0\.0\.0 .*deployment\.security\.ca, certificate and key .*tokensFile.*insecure=true/,
    ),
  });
  await expect(open([], '::')).rejects.toThrow(/refusing to listen on ::/);
  const { get } = await open([], '127.0.0.1');
  expect((await get('/metrics')).status).toBe(200);
});

it('a configuration may insist', async () => {
  const { get } = await open(['insecure=true']);
  expect((await get('/metrics')).status).toBe(200);
});

it('with tokens, metrics are for scrapers and operators, and probes for everyone', async () => {
  const [monitoring, voter] = ['m'.repeat(40), 'v'.repeat(40)];
  const file = join(folder, 'tokens');
  writeFileSync(file, `monitoring ${tokenHash(monitoring)}\nvoter ${tokenHash(voter)}\n`);
  const { get } = await open([`tokensFile=${file}`]);
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/metrics')).status).toBe(401);
  expect((await get('/metrics', 'x'.repeat(40))).status).toBe(401);
  expect((await get('/metrics', voter)).status).toBe(403);
  const { status, text } = await get('/metrics', monitoring);
  expect(status).toBe(200);
  expect(text).toMatch(/mgrpo_denied_calls_total\{reason="unauthenticated".*\} 2/);
  expect(text).toMatch(/mgrpo_denied_calls_total\{reason="permission-denied".*\} 1/);
  const opened = await open([`tokensFile=${file}`, 'openMetrics=true']);
  expect((await opened.get('/metrics')).status).toBe(200);
});
