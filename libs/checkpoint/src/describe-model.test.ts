import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeModel } from './describe-model.ts';
import { loadModelFolder, saveModelFolder } from './model-folder.ts';
import { temporaryFolder } from './testing.ts';

const fixture = join(import.meta.dirname, '../../../test/fixtures/tiny-qwen2');
const indexName = 'model.safetensors.index.json';

/** The fixture in shards. */
async function shardedFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'model');
  const model = await loadModelFolder(fixture);
  await saveModelFolder(folder, { ...model, tokenizerFolder: fixture, maxShardBytes: 100_000 });
  return folder;
}

test('stored weights are described by their headers, whole or in shards', async () => {
  const whole = await describeModel(fixture);
  expect(whole).toMatchObject({ config: { architecture: 'qwen2' }, tensors: 27 });
  const weights = { kind: 'files', bytes: 4 * whole.parameters, dtypes: ['F32'], unused: [] };
  expect(whole.weights).toEqual(weights);
  expect((await describeModel(await shardedFolder())).weights).toEqual(weights);
});

test('an index without its files is compared by name, a config.json is enough', async () => {
  const folder = await temporaryFolder();
  const sharded = await shardedFolder();
  await copyFile(join(sharded, 'config.json'), join(folder, 'config.json'));
  expect((await describeModel(folder)).weights).toEqual({ kind: 'none' });
  expect((await describeModel(join(folder, 'config.json'))).weights).toEqual({ kind: 'none' });
  const index = JSON.parse(await readFile(join(sharded, indexName), 'utf8'));
  index.weight_map['extra.bias'] = 'model-00001-of-00002.safetensors';
  await writeFile(join(folder, indexName), JSON.stringify(index));
  const { parameters, weights } = await describeModel(folder);
  expect(weights).toEqual({ kind: 'index', bytes: 4 * parameters, unused: ['extra.bias'] });
  delete index.weight_map['model.layers.1.self_attn.k_proj.bias'];
  delete index.metadata;
  await writeFile(join(folder, indexName), JSON.stringify(index));
  await expect(describeModel(folder)).rejects.toThrow(
    'has no tensor model.layers.1.self_attn.k_proj.bias; its config.json belongs to another model',
  );
});

test('a download that stopped half-way names the file that is missing', async () => {
  const folder = await shardedFolder();
  const { weight_map } = JSON.parse(await readFile(join(folder, indexName), 'utf8'));
  const lost: string = weight_map['lm_head.weight'];
  await rm(join(folder, lost));
  await expect(describeModel(folder)).rejects.toThrow(`${lost} does not exist`);
});

test('what is no model is refused', async () => {
  const folder = await temporaryFolder();
  await expect(describeModel(join(folder, 'none'))).rejects.toThrow('config.json does not exist');
  await writeFile(join(folder, 'a.json'), '[');
  await expect(describeModel(join(folder, 'a.json'))).rejects.toThrow('is no config.json');
  await rename(join(folder, 'a.json'), join(folder, 'config.json'));
  await expect(describeModel(folder)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
});
