import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';
import { temporaryFolder, tinyConfigJson, tinyState, tokenizerFolder } from './testing.ts';

const warn = (message: string) => expect.fail(message);
const contents = { config: { seed: 1 }, manifest: { runId: 'r1' } };

test('a run is created, opened again, and refused a second creation', async () => {
  const path = join(await temporaryFolder(), 'runs', 'first');
  await RunFolder.create(path, contents, { warn });
  const run = await RunFolder.open(path, { warn });
  expect(run.config).toEqual({ seed: 1 });
  expect(run.manifest).toEqual({ formatVersion: 1, runId: 'r1' });
  await expect(RunFolder.create(path, contents, { warn })).rejects.toMatchObject({
    code: 'USAGE',
    message: `${path} already holds a run; continue it with --resume, or choose another folder with --run`,
  });
});

test('a folder without a run, with a broken one or one of another format says so', async () => {
  const path = await temporaryFolder();
  await expect(RunFolder.open(path, { warn })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await RunFolder.create(path, contents, { warn });
  await writeFile(join(path, 'manifest.json'), '{"formatVersion":2}');
  await expect(RunFolder.open(path, { warn })).rejects.toMatchObject({ code: 'INCOMPATIBLE' });
  await writeFile(join(path, 'manifest.json'), '{');
  await expect(RunFolder.open(path, { warn })).rejects.toMatchObject({ code: 'CORRUPT' });
});

test('a learner takes a run over with its journal, versions, checkpoints and metrics', async () => {
  const path = await temporaryFolder();
  const parts = {
    keep: 1,
    adapter: null,
    configJson: tinyConfigJson,
    tokenizerFolder: await tokenizerFolder(),
  };
  const first = await RunFolder.create(path, contents, { warn });
  const epoch = await first.takeEpoch();
  const journal = await first.openJournal(epoch);
  await journal.append(0, Uint8Array.of(1, 2, 3));
  const versions = await first.openVersions(2);
  await versions.put('policy', 1, tinyState(1).policy);
  await (await first.openCheckpoints(parts)).save(tinyState(1));
  const metrics = await first.openMetrics();
  await metrics.append({ kind: 'iteration', iteration: 0 });
  await journal.close();
  await metrics.close();

  const second = await RunFolder.open(path, { warn });
  const secondEpoch = await second.takeEpoch();
  expect(secondEpoch.value).toBe(epoch.value + 1);
  await expect(epoch.check()).rejects.toMatchObject({ code: 'STALE_EPOCH' });
  expect(await (await second.openJournal(secondEpoch)).read(0)).toEqual(Uint8Array.of(1, 2, 3));
  expect((await (await second.openVersions(2)).read('policy', 1)).weights).toEqual(
    tinyState(1).policy,
  );
  expect((await (await second.openCheckpoints(parts)).newest())?.state).toEqual(tinyState(1));
  const secondMetrics = await second.openMetrics();
  expect(secondMetrics.records).toEqual([{ kind: 'iteration', iteration: 0 }]);
  await secondMetrics.close();
});
