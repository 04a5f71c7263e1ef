import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskFiles } from './files.ts';
import { loadModelFolder } from './model-folder.ts';
import { openFileSource } from './tensor-source.ts';
import { fullDisk, openStore, temporaryFolder, tinyState, tinyWeights } from './testing.ts';

test('the newest checkpoint comes back bit for bit, and the newest two stay', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  expect(await store.newest()).toBeNull();
  for (const iterations of [5, 10, 20]) await store.save(tinyState(iterations));
  expect(await readdir(folder)).toEqual(['step-10', 'step-20']);
  expect(await store.newest()).toEqual({ folder: join(folder, 'step-20'), state: tinyState(20) });
});

test('the loss scale of float16 is kept, and a broken one makes the checkpoint unusable', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  const state = { ...tinyState(2), lossScale: { scale: 2 ** 15, steps: 7 } };
  await store.save(state);
  expect((await store.newest())?.state).toEqual(state);
  await store.save({ ...tinyState(3), lossScale: { scale: 0.5, steps: 7 } });
  await expect(store.newest()).rejects.toThrow(`${join(folder, 'step-3')}`);
});

test('an adapter is saved as PEFT has it, beside the merged model, and comes back bit for bit', async () => {
  const adapter = { rank: 3, alpha: 6, targets: ['v_proj', 'down_proj'] } as const;
  const { store } = await openStore(await temporaryFolder(), { adapter });
  // The tiny model: hidden 4, one head of 2, intermediate 2.
  const numbers = (start: number) => Float32Array.from({ length: 36 }, (_, i) => start + i);
  const state = {
    ...tinyState(7),
    adapter: numbers(0.5),
    firstMoment: numbers(100),
    secondMoment: numbers(200),
  };
  const step = await store.save(state);
  expect((await store.newest())?.state).toEqual(state);
  expect((await loadModelFolder(step)).weights).toEqual(state.policy);
  const source = await openFileSource(step, 'adapter/adapter_model.safetensors');
  const layer = 'base_model.model.model.layers.0';
  const shapes = source.names().map((name) => [name, source.dtypeOf(name), source.shapeOf(name)]);
  await source.close();
  expect(shapes).toEqual([
    [`${layer}.self_attn.v_proj.lora_A.weight`, 'F32', [3, 4]],
    [`${layer}.self_attn.v_proj.lora_B.weight`, 'F32', [2, 3]],
    [`${layer}.mlp.down_proj.lora_A.weight`, 'F32', [3, 2]],
    [`${layer}.mlp.down_proj.lora_B.weight`, 'F32', [4, 3]],
  ]);
  const text = await readFile(join(step, 'adapter/adapter_config.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    r: 3,
    lora_alpha: 6,
    target_modules: ['v_proj', 'down_proj'],
    lora_dropout: 0,
    bias: 'none',
  });
  await rm(join(step, 'adapter/adapter_model.safetensors'));
  expect(await store.newest()).toBeNull();
});

test('a checkpoint without the adapter that the run trains is not used', async () => {
  const folder = await temporaryFolder();
  await (await openStore(folder)).store.save(tinyState(1));
  const adapter = { rank: 1, alpha: 1, targets: ['q_proj'] } as const;
  const { store, warnings } = await openStore(folder, { adapter });
  expect(await store.newest()).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('adapter/adapter_model.safetensors')]);
});

test('a checkpoint beyond the end of the journal is passed over, aloud', async () => {
  const { store, warnings } = await openStore(await temporaryFolder());
  for (const iterations of [5, 10]) await store.save(tinyState(iterations));
  expect((await store.newestFor(9))?.state).toEqual(tinyState(5));
  expect(warnings).toEqual([expect.stringContaining('the journal ends after 9 iterations')]);
  expect((await store.newestFor(10))?.state).toEqual(tinyState(10));
});

test('a checkpoint that someone reads stays until it is read', async () => {
  const folder = await temporaryFolder();
  let pinned = 1;
  const { store } = await openStore(folder, { isPinned: (iterations) => iterations === pinned });
  for (const iterations of [1, 2, 3]) await store.save(tinyState(iterations));
  expect((await readdir(folder)).sort()).toEqual(['step-1', 'step-2', 'step-3']);
  pinned = 0;
  await store.save(tinyState(4));
  expect((await readdir(folder)).sort()).toEqual(['step-3', 'step-4']);
});

test('a checkpoint is a model folder at its top and keeps the rest in trainer/', async () => {
  const { store } = await openStore(await temporaryFolder());
  const step = await store.save(tinyState(3));
  expect((await readdir(step)).sort()).toEqual([
    'config.json',
    'manifest.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'trainer',
  ]);
  expect((await loadModelFolder(step)).weights).toEqual(tinyWeights(3));
  const manifest = JSON.parse(await readFile(join(step, 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ formatVersion: 1, iterations: 3 });
  expect(Object.keys(manifest.files).sort()).toEqual([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'trainer/momentum.safetensors',
    'trainer/optimizer.safetensors',
    'trainer/state.json',
  ]);
});

test.each([
  ['a cut file', (step: string) => truncate(join(step, 'model.safetensors'), 100), /100 of \d+/],
  [
    'a changed file',
    (step: string) => writeFile(join(step, 'tokenizer.json'), '{"model":[]}'),
    /tokenizer.json does not match its checksum/,
  ],
  [
    'a missing file',
    (step: string) => rm(join(step, 'trainer/momentum.safetensors')),
    /ENOENT.*momentum.safetensors/,
  ],
  ['no manifest', (step: string) => rm(join(step, 'manifest.json')), /ENOENT.*manifest.json/],
  [
    'a manifest of a later format',
    (step: string) => writeFile(join(step, 'manifest.json'), '{"formatVersion":2}'),
    /its format version is 2, this program reads 1/,
  ],
  [
    'a manifest that names too little',
    (step: string) => writeFile(join(step, 'manifest.json'), '{"formatVersion":1,"files":{}}'),
    /does not name config.json, model.safetensors/,
  ],
])(
  'a checkpoint with %s is passed over aloud for the one before, and can be saved again',
  async (...row) => {
    const [, damage, expected] = row;
    const { store, warnings } = await openStore(await temporaryFolder());
    await store.save(tinyState(1));
    const step = await store.save(tinyState(2));
    await damage(step);
    expect((await store.newest())?.state).toEqual(tinyState(1));
    expect(warnings).toEqual([expect.stringMatching(expected)]);
    await store.save(tinyState(2));
    expect((await store.newest())?.state).toEqual(tinyState(2));
  },
);

test('a manifest can not make us read outside its folder', async () => {
  const { store, warnings } = await openStore(await temporaryFolder());
  const step = await store.save(tinyState(1));
  const manifest = JSON.parse(await readFile(join(step, 'manifest.json'), 'utf8'));
  manifest.files['../../../etc/passwd'] = { bytes: 1, sha256: '' };
  await writeFile(join(step, 'manifest.json'), JSON.stringify(manifest));
  expect(await store.newest()).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('which is no file of a checkpoint')]);
});

test('what a killed process left unfinished is removed and never taken for a checkpoint', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  await store.save(tinyState(1));
  await diskFiles.mkdir(join(folder, '.tmp-step-2-x'));
  const { store: next, warnings } = await openStore(folder);
  expect((await next.newest())?.state.iterations).toBe(1);
  expect(await readdir(folder)).toEqual(['step-1']);
  expect(warnings).toEqual([]);
});

test('at any point where the disk can fill up, the checkpoint before stays usable', async () => {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  await store.save(tinyState(1));
  for (let capacity = 0; capacity < 6000; capacity += 250) {
    const { store: full } = await openStore(folder, { files: fullDisk(capacity) });
    await expect(full.save(tinyState(2))).rejects.toMatchObject({
      code: 'RESOURCE',
      message: expect.stringContaining('the disk is full'),
    });
    expect(await readdir(folder)).toEqual(['step-1']);
  }
  expect((await store.newest())?.state).toEqual(tinyState(1));
});

test('a file system that is really full gives RESOURCE and keeps the checkpoint before', async (context) => {
  const mount = await temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    return context.skip('mounting a small tmpfs needs root on Linux');
  }
  onTestFinished(() => void execFileSync('umount', [mount]));
  const { store } = await openStore(join(mount, 'checkpoints'));
  await store.save(tinyState(1));
  await writeFile(join(mount, 'filler'), Buffer.alloc(64 * 1024)).catch(() => {});
  await expect(store.save(tinyState(2))).rejects.toMatchObject({
    code: 'RESOURCE',
    message: expect.stringContaining('the disk is full'),
  });
  expect((await store.newest())?.state).toEqual(tinyState(1));
  await rm(join(mount, 'filler'));
  await store.save(tinyState(2));
  expect((await store.newest())?.state).toEqual(tinyState(2));
});
