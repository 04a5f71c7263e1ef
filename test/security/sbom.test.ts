import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('npm run sbom lists every package of the lock file, with its checksum', () => {
  const text = execFileSync(process.execPath, ['bin/sbom.mjs'], { cwd: root, encoding: 'utf8' });
  const bill = JSON.parse(text);
  const { packages } = parse(readFileSync(`${root}pnpm-lock.yaml`, 'utf8'));
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  expect(bill.components).toHaveLength(Object.keys(packages).length);
  const grpc = bill.components.find((each: { purl: string }) =>
    each.purl.startsWith('pkg:npm/%40grpc/grpc-js@'),
  );
  expect(grpc).toMatchObject({ type: 'library', name: '@grpc/grpc-js', version: '1.14.7' });
  expect(grpc.hashes).toEqual([
    { alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) },
  ]);
});

it('no package may run a script when it is installed', () => {
  const workspace = parse(readFileSync(`${root}pnpm-workspace.yaml`, 'utf8'));
  expect(workspace.onlyBuiltDependencies).toEqual([]);
  expect(workspace).not.toHaveProperty('dangerouslyAllowAllBuilds');
});
