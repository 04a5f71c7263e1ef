import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Stage {
  name: string;
  base: string;
  /** One entry for each instruction, continuation lines joined. */
  steps: string[];
}

const instructions = read('deploy/Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');

const args = new Map<string, string>();
const stages: Stage[] = [];
for (const line of instructions) {
  const [, from, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
  if (from && name) stages.push({ name, base: from, steps: [] });
  else if (stages.length > 0) stages.at(-1)!.steps.push(line);
  else {
    const [, key = '', value = ''] = /^ARG (\w+)=(.*)$/.exec(line) ?? [];
    args.set(key, value);
  }
}

const stageOf = (name: string) => stages.find((stage) => stage.name === name);

/** What holds in the end: a stage that starts from another of ours has its steps too. */
function allSteps(name: string): string[] {
  const stage = stageOf(name);
  return stage ? [...allSteps(stage.base), ...stage.steps] : [];
}

const last = (steps: string[], instruction: string) =>
  steps.findLast((step) => step.startsWith(`${instruction} `));

test('bases come from outside by a tag and, where one is given, a digest; never by "latest"', () => {
  const outside = stages.filter(({ base }) => stageOf(base) === undefined);
  expect(outside.length).toBeGreaterThan(0);
  for (const { base } of outside) {
    const [, image = '', digest = ''] =
      /^\$\{(\w+_IMAGE)\}\$\{(\w+_DIGEST):\+@\$\2\}$/.exec(base) ?? [];
    expect(args.get(image), base).toMatch(/^[\w./-]+:[\w.-]+$/);
    expect(args.get(image)).not.toMatch(/latest/);
    expect(args.get(digest), base).toBe('');
    expect(digest.replace('_DIGEST', '_IMAGE')).toBe(image);
  }
});

describe.each(['cpu', 'webgpu', 'cuda'])('target %s', (target) => {
  const steps = allSteps(target);

  test('runs as a number that is not root, behind tini', () => {
    expect(last(steps, 'USER')).toBe('USER 10001:10001');
    expect(last(steps, 'ENTRYPOINT')).toContain('"/usr/bin/tini", "--", "mgrpo"');
    expect(steps.join('\n')).toMatch(/apt-get install .*\btini\b/);
  });

  test('says how it is, by a script that is in it', () => {
    const [, path = ''] = /"\/app\/([^"]+\.mjs)"/.exec(last(steps, 'HEALTHCHECK') ?? '') ?? [];
    expect(existsSync(join(root, path)), path).toBe(true);
    expect(read('.dockerignore').split('\n')).toContain(`!${path}`);
  });

  test('writes to /tmp and /runs only', () => {
    expect(steps.join('\n')).toContain('NODE_COMPILE_CACHE=/tmp/');
    expect(steps.join('\n')).toContain('install -d -o 10001 -g 10001 /runs');
  });

  test('sets no variable that the configuration would take for a key', () => {
    expect(steps.join('\n')).not.toContain('MGRPO__');
  });
});

test('the image has the pinned pnpm’s production packages and one platform’s ONNX Runtime', () => {
  const steps = allSteps('workspace').join('\n');
  expect(steps).toContain("require('./package.json').packageManager");
  expect(steps).toMatch(/pnpm install --prod .*--frozen-lockfile/);
  expect(steps).toContain('process.platform + "/" + process.arch');
  expect(stageOf('node')).toBeDefined();
});

test('what the image copies from here exists, and the command can be executed', () => {
  const ignored = read('.dockerignore');
  for (const step of stages.flatMap(({ steps }) => steps)) {
    const [, source = ''] = /^COPY (deploy\/\S+) /.exec(step) ?? [];
    if (source) expect(ignored).toContain(`!${source}`);
  }
  expect(statSync(join(root, 'deploy/mgrpo.sh')).mode & 0o111).toBe(0o111);
  const [, main = ''] = /\/app\/(\S+\.ts)/.exec(read('deploy/mgrpo.sh')) ?? [];
  expect(existsSync(join(root, main)), main).toBe(true);
});

describe('healthcheck.mjs', () => {
  let close = () => {};
  afterEach(() => close());

  /** Exit code and complaint of the check beside a service that answers with `status`. */
  async function check(status: number): Promise<{ code: number; stderr: string }> {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end('engine has died\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = () => server.close();
    const port = String((server.address() as AddressInfo).port);
    return await run({ MGRPO__DEPLOYMENT__VOTER__METRICS_PORT: port });
  }

  function run(env: Record<string, string>): Promise<{ code: number; stderr: string }> {
    return new Promise((resolve) => {
      const script = join(root, 'deploy/healthcheck.mjs');
      execFile(process.execPath, [script], { env }, (error, _stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stderr }),
      );
    });
  }

  test('is content with a service that answers, and without one of a known port', async () => {
    expect(await check(200)).toEqual({ code: 0, stderr: '' });
    expect(await run({})).toEqual({ code: 0, stderr: '' });
  });

  test('fails with the reason of a service that is ill, or gone', async () => {
    const { code, stderr } = await check(503);
    expect(code).toBe(1);
    expect(stderr).toContain('503 engine has died');
    expect((await run({ MGRPO__DEPLOYMENT__VOTER__METRICS_PORT: '1' })).code).toBe(1);
  });
});
