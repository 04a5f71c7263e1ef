import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterSpecs, parseModelConfig } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { weightsSha256 } from './float-bytes.ts';
import { loadModelFolder, namedTensors, saveModelFolder } from './model-folder.ts';
import type { NamedTensor } from './safetensors.ts';
import { encodeSafetensors } from './safetensors.ts';
import {
  fullDisk,
  temporaryFolder,
  tinyConfigJson,
  tinyWeights,
  tokenizerFolder,
} from './testing.ts';

const specs = parameterSpecs(parseModelConfig(tinyConfigJson));
const weights = tinyWeights(1);

async function writeTensors(folder: string, name: string, tensors: readonly NamedTensor[]) {
  await writeFile(join(folder, name), Buffer.concat([...encodeSafetensors(tensors)]));
}

/** A folder of the tiny model, whose tensors are passed through `change` first. */
async function modelFolder(
  change: (tensors: NamedTensor[]) => NamedTensor[] = (tensors) => tensors,
  configJson: object = tinyConfigJson,
): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'config.json'), JSON.stringify(configJson));
  await writeTensors(folder, 'model.safetensors', change(namedTensors(specs, weights)));
  return folder;
}

const headOf = (values: Float32Array): NamedTensor => ({
  name: 'lm_head.weight',
  shape: [5, 4],
  values,
});

test('a saved folder is loaded back, with tokenizer files, and says that it holds float32', async () => {
  const folder = join(await temporaryFolder(), 'model');
  const configJson = { ...tinyConfigJson, torch_dtype: 'bfloat16' };
  await saveModelFolder(folder, {
    configJson,
    weights,
    tokenizerFolder: await tokenizerFolder(),
  });
  const loaded = await loadModelFolder(folder);
  expect(loaded.weights).toEqual(weights);
  expect(loaded.sha256).toBe(weightsSha256(weights));
  expect(loaded.configJson).toEqual({ ...tinyConfigJson, torch_dtype: 'float32' });
  expect(loaded.unusedTensors).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
});

test('tensors are found in any order, and unknown ones are reported', async () => {
  const extra = { name: 'rotary.inv_freq', shape: [1], values: Float32Array.of(1) };
  const folder = await modelFolder((tensors) => [extra, ...tensors.reverse()]);
  const loaded = await loadModelFolder(folder);
  expect(loaded.weights).toEqual(weights);
  expect(loaded.unusedTensors).toEqual(['rotary.inv_freq']);
});

test('a tied head may be stored too, if it is the embedding', async () => {
  const same = await modelFolder((tensors) => [...tensors, headOf(weights.slice(0, 20))]);
  expect((await loadModelFolder(same)).unusedTensors).toEqual([]);
  const other = await modelFolder((tensors) => [...tensors, headOf(new Float32Array(20))]);
  await expect(loadModelFolder(other)).rejects.toThrow(
    'lm_head.weight differs from model.embed_tokens.weight although config.json says "tie_word_embeddings": true',
  );
});

test('an untied head is the last parameter, and its absence names the setting', async () => {
  const configJson = { ...tinyConfigJson, tie_word_embeddings: false };
  const head = Float32Array.from({ length: 20 }, (_, i) => -i);
  const folder = await modelFolder((tensors) => [headOf(head), ...tensors], configJson);
  expect((await loadModelFolder(folder)).weights).toEqual(Float32Array.of(...weights, ...head));
  await expect(loadModelFolder(await modelFolder(undefined, configJson))).rejects.toThrow(
    /has no tensor lm_head.weight; if the model shares .* set "tie_word_embeddings": true/,
  );
});

test('a missing tensor and a wrong shape are named', async () => {
  const withoutNorm = await modelFolder((tensors) =>
    tensors.filter(({ name }) => name !== 'model.norm.weight'),
  );
  await expect(loadModelFolder(withoutNorm)).rejects.toMatchObject({
    code: 'INVALID_MODEL',
    message: expect.stringContaining('has no tensor model.norm.weight'),
  });
  const flat = await modelFolder((tensors) =>
    tensors.map((tensor) =>
      tensor.name === 'model.embed_tokens.weight' ? { ...tensor, shape: [4, 5] } : tensor,
    ),
  );
  await expect(loadModelFolder(flat)).rejects.toThrow(
    'model.embed_tokens.weight has shape [4,5], but config.json asks for [5,4]',
  );
});

test('a folder without config.json, without weights or of another architecture says what it lacks', async () => {
  const folder = await modelFolder(undefined, { ...tinyConfigJson, model_type: 'gpt2' });
  await expect(loadModelFolder(folder)).rejects.toThrow(
    `${folder}/config.json: model_type "gpt2" is not supported`,
  );
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfigJson));
  await rm(join(folder, 'model.safetensors'));
  await expect(loadModelFolder(folder)).rejects.toThrow('has no model.safetensors and no index');
  await rm(join(folder, 'config.json'));
  await expect(loadModelFolder(folder)).rejects.toMatchObject({
    code: 'INVALID_MODEL',
    message: expect.stringContaining('config.json does not exist; point to a Hugging Face model'),
  });
});

test('shards are read by the index', async () => {
  const folder = await shardedFolder({});
  expect((await loadModelFolder(folder)).weights).toEqual(weights);
});

test.each([
  ['a shard outside the folder', '../a.safetensors', 'places model.norm.weight in "../a.safe'],
  ['an absolute shard', '/etc/a.safetensors', 'places model.norm.weight in "/etc/a.safetensors"'],
  ['a shard that is no file name', 7, 'places model.norm.weight in 7'],
  ['a shard that is absent', 'c.safetensors', 'c.safetensors does not exist'],
  ['a shard without the tensor', 'a.safetensors', 'in a.safetensors, which does not hold it'],
])('an index with %s is refused', async (_what, shard, expected) => {
  const folder = await shardedFolder({ 'model.norm.weight': shard });
  await expect(loadModelFolder(folder)).rejects.toThrow(expected);
});

/** The tiny model in `a.safetensors` (the first two tensors) and `b.safetensors`; `changes` go into the index. */
async function shardedFolder(changes: object): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfigJson));
  const tensors = namedTensors(specs, weights);
  await writeTensors(folder, 'a.safetensors', tensors.slice(0, 2));
  await writeTensors(folder, 'b.safetensors', tensors.slice(2));
  const shards = tensors.map(({ name }, i) => [name, i < 2 ? 'a.safetensors' : 'b.safetensors']);
  const index = { metadata: {}, weight_map: { ...Object.fromEntries(shards), ...changes } };
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  return folder;
}

test('a full disk leaves the folder that was there, and no rest', async () => {
  const parent = await temporaryFolder();
  const folder = join(parent, 'model');
  const model = { configJson: tinyConfigJson, weights, tokenizerFolder: await tokenizerFolder() };
  await saveModelFolder(folder, model);
  const before = await readFile(join(folder, 'model.safetensors'));
  await expect(
    saveModelFolder(folder, { ...model, weights: tinyWeights(7) }, fullDisk(1000)),
  ).rejects.toMatchObject({ code: 'RESOURCE', message: expect.stringContaining('disk is full') });
  expect(await readFile(join(folder, 'model.safetensors'))).toEqual(before);
  expect(await readdir(parent)).toEqual(['model']);
});
