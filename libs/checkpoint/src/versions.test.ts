import { readdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { diskFiles } from './files.ts';
import { weightsSha256 } from './float-bytes.ts';
import { fullDisk, temporaryFolder } from './testing.ts';
import { VersionStore } from './versions.ts';

async function openStore(folder: string, files = diskFiles) {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  return { store: await VersionStore.open(folder, { keep: 2, files, warn }), warnings };
}

const weights = (value: number) => Float32Array.of(value, value + 0.5);

test('the newest versions of each role stay, also for the next process', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  for (let version = 0; version < 4; version++) {
    await store.put('policy', version, weights(version));
    await store.put('momentum', version, weights(-version));
  }
  const { store: next } = await openStore(folder);
  expect(next.list('policy').map(({ version }) => version)).toEqual([2, 3]);
  expect(next.list('momentum').map(({ version }) => version)).toEqual([2, 3]);
  expect(await next.read('momentum', 3)).toEqual({
    weights: weights(-3),
    sha256: weightsSha256(weights(-3)),
  });
  await expect(next.read('policy', 0)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'version 0 of the policy weights is not stored, these are: 2, 3',
  });
  expect(await readdir(folder)).toHaveLength(4);
});

test('a replay that puts the same versions again changes nothing and keeps the newer ones', async () => {
  const { store, warnings } = await openStore(await temporaryFolder());
  for (const version of [4, 5, 4, 5]) await store.put('policy', version, weights(version));
  expect(store.list('policy').map(({ version }) => version)).toEqual([4, 5]);
  expect(warnings).toEqual([]);
});

test('a version computed again with other weights replaces the old one, aloud', async () => {
  const folder = await temporaryFolder();
  const { store, warnings } = await openStore(folder);
  await store.put('policy', 1, weights(1));
  await store.put('policy', 1, weights(2));
  expect((await store.read('policy', 1)).weights).toEqual(weights(2));
  expect(warnings).toEqual([expect.stringContaining('policy weights 1 are')]);
  expect(await readdir(folder)).toHaveLength(1);
});

test('a damaged file is CORRUPT', async () => {
  const { store } = await openStore(await temporaryFolder());
  await store.put('policy', 1, weights(1));
  await writeFile(store.list('policy')[0]!.path, 'other');
  await expect(store.read('policy', 1)).rejects.toMatchObject({ code: 'CORRUPT' });
});

test('a full disk leaves the versions that were there', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder, fullDisk(12));
  await store.put('policy', 1, weights(1));
  await expect(store.put('policy', 2, weights(2))).rejects.toMatchObject({ code: 'RESOURCE' });
  const { store: next } = await openStore(folder);
  expect((await next.read('policy', 1)).weights).toEqual(weights(1));
  expect(await readdir(folder)).toHaveLength(1);
});
