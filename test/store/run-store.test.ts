import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolder } from '@mgrpo/checkpoint';
import { PartList, RunUpload, restoreRun, takeSnapshot } from '@mgrpo/object-store';
import { expect, onTestFinished, test } from 'vitest';
import { tinyConfigJson, tinyState, tokenizerFolder } from '../../libs/checkpoint/src/testing.ts';
import type { S3Server } from '../../libs/object-store/src/s3-server.fixture.ts';
import { bucketOf, startStore, temporaryFolder } from '../../libs/object-store/src/testing.ts';

const runId = 'run-1';
const warn = (message: string) => {
  throw new Error(message);
};

/** A learner without a model: iterations are random bytes in the journal. */
async function openRun(path: string) {
  const contents = { config: { collapse: { onCollapse: 'warn' } }, manifest: { runId } };
  const folder = existsSync(path)
    ? await RunFolder.open(path, { warn })
    : await RunFolder.create(path, contents, { warn });
  const epoch = await folder.takeEpoch();
  const journal = await folder.openJournal(epoch);
  const metrics = await folder.openMetrics();
  onTestFinished(async () => {
    await journal.close();
    await metrics.close();
  });
  const tokenizer = await tokenizerFolder();
  const checkpoints = await folder.openCheckpoints({
    keep: 2,
    configJson: tinyConfigJson,
    adapter: null,
    tokenizerFolder: tokenizer,
  });
  return {
    epoch: epoch.value,
    journal,
    checkpoints,
    async iterate(bytes: number) {
      const iteration = journal.nextIteration;
      await journal.append(iteration, randomBytes(bytes));
      await metrics.append({ kind: 'iteration', iteration });
    },
    async snapshot(checkpoint: number | null) {
      if (checkpoint !== null) await checkpoints.save(tinyState(checkpoint));
      return await takeSnapshot(path, { iterations: journal.nextIteration, checkpoint });
    },
  };
}

function uploadTo(server: S3Server, path: string, epoch: number, id = runId) {
  return new RunUpload({
    bucket: bucketOf(server),
    ...{ runId: id, epoch, keep: 2 },
    parts: new PartList(path),
    onBytes: () => {},
  });
}

/** Files of a folder by path, without what is of one machine alone. */
function contentsOf(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('epochs/'));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'hex')]));
}

const keysIn = (server: S3Server, part: string) =>
  [...server.objects.keys()].filter((key) => key.includes(part)).sort();

const restore = async (server: S3Server, more = {}) => {
  const path = join(await temporaryFolder(), 'run');
  const told: string[] = [];
  const options = { runId, tell: (message: string) => void told.push(message), ...more };
  return { path, told, isThere: await restoreRun(bucketOf(server), path, options) };
};

test('a run comes back as it was, goes on, and is uploaded again with its older checkpoints pruned', async () => {
  const server = await startStore();
  expect((await restore(server)).isThere).toBe(false);
  const path = join(await temporaryFolder(), 'run');
  const run = await openRun(path);
  const upload = uploadTo(server, path, run.epoch);
  for (const step of [1, 2, 3]) {
    // More than one block of the journal, and an end that grows.
    await run.iterate(1_500_000);
    await upload.upload(await run.snapshot(step));
  }
  expect(keysIn(server, '/state.json')).toEqual(
    [2, 3].map((step) => `runs/one/checkpoints/step-${step}/trainer/state.json`),
  );
  expect(keysIn(server, 'journal/')).toHaveLength(2);
  const before = contentsOf(path);
  before.delete('checkpoints/step-2/manifest.json');
  const restored = await restore(server);
  const after = contentsOf(restored.path);
  expect([...after]).toEqual([...before].filter(([name]) => !name.includes('step-2')));
  const second = await openRun(restored.path);
  expect(second.epoch).toBeGreaterThan(run.epoch + 1000);
  expect(second.journal.nextIteration).toBe(3);
  expect((await second.checkpoints.newestFor(3))?.state).toEqual(tinyState(3));
  await second.iterate(100);
  await uploadTo(server, restored.path, second.epoch).upload(await second.snapshot(4));
  expect(contentsOf((await restore(server)).path).has('checkpoints/step-4/config.json')).toBe(true);
  expect(keysIn(server, '/state.json')).toHaveLength(2);
  // The learner that was lost comes back: what it has is not taken any more.
  await run.iterate(100);
  await expect(upload.upload(await run.snapshot(4))).rejects.toMatchObject({ code: 'STALE_EPOCH' });
});

test('an upload that ends anywhere leaves the state before; the next one completes it and leaves nothing behind', async () => {
  const server = await startStore();
  const path = join(await temporaryFolder(), 'run');
  const run = await openRun(path);
  await run.iterate(100);
  await uploadTo(server, path, run.epoch).upload(await run.snapshot(1));
  const first = contentsOf((await restore(server)).path);
  await run.iterate(100);
  const snapshot = await run.snapshot(2);
  let writes = 0;
  for (let isWhole = false; !isWhole; writes++) {
    let left = writes;
    server.fault = ({ method }) =>
      method === 'PUT' && left-- <= 0
        ? { kind: 'status', status: 403, code: 'AccessDenied' }
        : null;
    // A new one each time, as after a kill.
    const upload = uploadTo(server, path, run.epoch + 1);
    isWhole = await upload.upload(snapshot).then(
      () => true,
      () => false,
    );
    server.fault = () => null;
    if (!isWhole) expect(contentsOf((await restore(server, {})).path)).toEqual(first);
    for (const key of keysIn(server, 'epochs/')) server.objects.delete(key);
  }
  expect(writes).toBeGreaterThan(10);
  const second = await restore(server);
  expect((await openRun(second.path)).journal.nextIteration).toBe(2);
  const { files } = JSON.parse(String(server.objects.get('runs/one/run.json')?.body));
  const named = Object.values(files as Record<string, { key: string }[]>).flat();
  const left = [...server.objects.keys()].map((key) => key.slice('runs/one/'.length));
  expect(left.filter((key) => !/^(run|next)\.json$|^epochs/.test(key)).sort()).toEqual(
    named.map(({ key }) => key).sort(),
  );
});

test('a run that is begun again does not replace one that is further, and another run never does', async () => {
  const server = await startStore();
  const path = join(await temporaryFolder(), 'run');
  const run = await openRun(path);
  for (let i = 0; i < 2; i++) await run.iterate(100);
  await uploadTo(server, path, run.epoch).upload(await run.snapshot(2));
  const stored = server.objects.get('runs/one/run.json');
  const again = join(await temporaryFolder(), 'run');
  const begun = await openRun(again);
  await begun.iterate(100);
  await uploadTo(server, again, begun.epoch).upload(await begun.snapshot(1));
  expect(server.objects.get('runs/one/run.json')).toBe(stored);
  const other = uploadTo(server, again, begun.epoch, 'run-2').upload(await begun.snapshot(1));
  await expect(other).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  await expect(restore(server, { runId: 'run-2' })).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
});

test('a damaged checkpoint gives way to the one before, a damaged journal is an error, a folder with files stays', async () => {
  const server = await startStore();
  const path = join(await temporaryFolder(), 'run');
  const run = await openRun(path);
  const upload = uploadTo(server, path, run.epoch);
  for (const step of [1, 2]) {
    await run.iterate(100);
    await upload.upload(await run.snapshot(step));
  }
  server.fault = ({ key }) => (/step-2\/trainer\/mom/.test(key) ? { kind: 'damaged' } : null);
  const { path: folder, told } = await restore(server);
  expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['step-1']);
  expect(told.join()).toMatch(/step-2 in the store is not used: .*momentum.* checksum/);
  server.fault = ({ key }) => (key.includes('journal/') ? { kind: 'damaged' } : null);
  await expect(restore(server)).rejects.toMatchObject({ code: 'CORRUPT' });
  server.fault = () => null;
  const taken = join(await temporaryFolder(), 'taken');
  await mkdir(taken);
  await writeFile(join(taken, 'thesis.txt'), '');
  const bucket = bucketOf(server);
  const options = { runId, tell: () => {} };
  await expect(restoreRun(bucket, taken, options)).rejects.toThrow('but thesis.txt');
  await rm(join(taken, 'thesis.txt'));
  await writeFile(join(taken, 'config.json'), '{}');
  expect(await restoreRun(bucket, taken, options)).toBe(true);
});

test.each([
  ['../../.ssh/id', 'checkpoints/step-1/config.json'],
  ['checkpoints/step-1/../../../x', 'checkpoints/step-1/config.json'],
  ['config.json', '../other-run/config.json/0-0123456789abcdef'],
])('a run.json that names %s or %s is refused', async (path, key) => {
  const server = await startStore();
  const files = { [path]: [{ key, bytes: 1, sha256: '0'.repeat(64) }] };
  const run = { formatVersion: 1, runId, epoch: 1, iterations: 1, files, obsolete: [] };
  server.put('runs/one/run.json', JSON.stringify(run));
  await expect(restore(server)).rejects.toMatchObject({ code: 'CORRUPT' });
  server.put('runs/one/run.json', JSON.stringify({ ...run, files: {}, obsolete: [key] }));
  if (key.startsWith('..'))
    await expect(restore(server)).rejects.toMatchObject({ code: 'CORRUPT' });
});
