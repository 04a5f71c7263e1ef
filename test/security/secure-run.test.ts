import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWorkspace, trainSmall } from '../loop/small-run.ts';
import { makeSecrets, type SecretsFolder } from './secrets-folder.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let secrets: SecretsFolder;
beforeAll(async () => {
  workspace = await makeWorkspace();
  secrets = makeSecrets();
});
afterAll(() => {
  workspace.remove();
  secrets.remove();
});

it('trains to the same weights with certificates on every connection', async () => {
  const small = (name: string, set: readonly string[] = []) =>
    trainSmall({ runFolder: join(workspace.folder, name), base: workspace.base, set });
  const certificates = Object.entries(secrets.certificates('{role}'));
  const secure = await small(
    'secure',
    certificates.map(([key, path]) => `deployment.security.${key}=${path}`),
  );
  const plain = await small('plain');
  expect(secure.outcome).toBe('finished');
  expect(secure.restarts).toEqual([]);
  expect(secure.policySha256).toBe(plain.policySha256);
  expect(secure.metrics).toEqual(plain.metrics);
}, 60_000);
