import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { makeRandomModel, writeProblems } from '../evaluation/random-model.ts';
import { makeSecrets, type SecretsFolder } from './secrets-folder.ts';

const main = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-secure-eval-'));
const model = join(folder, 'model');
const data = join(folder, 'data');
let secrets: SecretsFolder;
beforeAll(async () => {
  secrets = makeSecrets();
  writeProblems(data, ['aime24']);
  await makeRandomModel(model);
});
afterAll(() => {
  secrets.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Flags that name the certificates of `role`, or with `{role}` those of whoever reads them. */
function certificatesOf(role: string): string[] {
  return Object.entries(secrets.certificates(role)).flatMap(([key, path]) => [
    '--set',
    `deployment.security.${key}=${path}`,
  ]);
}

/** A worker on every interface, which needs certificates for that; returns where this machine reaches it. */
async function startWorker(): Promise<string> {
  const flags = ['eval', '--model', model, '--listen', '0.0.0.0:0', ...certificatesOf('{role}')];
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
  });
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += chunk;
    const port = / on 0\.0\.0\.0:(\d+)\n/.exec(stdout)?.[1];
    if (port !== undefined) return `127.0.0.1:${port}`;
  }
  throw new Error('the worker ended before it served');
}

const evaluate = (...more: string[]) => {
  const flags = ['--benchmarks', 'aime24', '--data', data, '--max-tokens', '20', '--json'];
  return mgrpo('eval', '--model', model, ...flags, ...more);
};

it('workers serve evaluations of an operator over certificates, with the bits of one engine, and nobody else', async () => {
  const workers = ['--workers', await startWorker()];
  const alone = await evaluate();
  expect(alone.stdout).toContain('aime24');
  const served = await evaluate(...workers, ...certificatesOf('{role}'));
  expect(served).toMatchObject({ code: 0, stdout: alone.stdout });
  const asVoter = await evaluate(...workers, ...certificatesOf('voter'));
  expect(asVoter.stderr).toMatch(/GetStatus is not for voter; it is for operator/);
  expect(asVoter.code).toBe(1);
});
