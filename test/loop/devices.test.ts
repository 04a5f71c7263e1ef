import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkspace, trainSmall } from './small-run.ts';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
beforeAll(async () => {
  workspace = await makeWorkspace();
});
afterAll(() => workspace.remove());

test('a run keeps to the device of each role, and refuses workers of another', async () => {
  const { folder, base } = workspace;
  const runFolder = join(folder, 'run');
  const set = ['iterations=10000'];
  const stop = new AbortController();
  const onIteration = () => stop.abort();
  await trainSmall({ runFolder, base, set, signal: stop.signal, onIteration });
  const path = join(runFolder, runFiles.manifest);
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  expect(manifest.devices).toEqual({ learner: 'cpu', policy: 'cpu', momentum: 'cpu' });

  // As if the run had been begun on a machine with a GPU.
  const devices = { ...manifest.devices, momentum: 'webgpu 0123456789ab' };
  writeFileSync(path, JSON.stringify({ ...manifest, devices }));
  await expect(trainSmall({ runFolder, base, set })).rejects.toThrow(
    /momentum-rollout-1: .* computes on "cpu", but the momentum rollouts of this run are made on "webgpu 0123456789ab"/,
  );
});
