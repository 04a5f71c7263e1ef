import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterSpecs, parseModelConfig } from '@mgrpo/model';
import { describe, expect, test } from 'vitest';
import {
  checkModelFolder,
  loadModelFolder,
  namedTensors,
  saveModelFolder,
} from './model-folder.ts';
import { modelSha256 } from './model-identity.ts';
import { encodeSafetensors, SafetensorsFile } from './safetensors.ts';
import {
  openStore,
  temporaryFolder,
  tinyConfigJson,
  tinyState,
  tinyWeights,
  tokenizerFolder,
} from './testing.ts';

const fixture = (name: string) => join(import.meta.dirname, '../../../test/fixtures', name);

/** Name, type, shape and values of each tensor of a file, by name. */
async function contents(path: string): Promise<Map<string, unknown>> {
  const file = await SafetensorsFile.open(path);
  const entries = [];
  for (const { name, dtype, shape } of file.tensors.values()) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    await file.readInto(name, values);
    entries.push([name, { dtype, shape, values }] as const);
  }
  await file.close();
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe.each(['tiny-qwen3', 'tiny-qwen2', 'tiny-llama'])('%s', (name) => {
  test('what we write has the names, shapes and bits that transformers wrote', async () => {
    const original = await loadModelFolder(fixture(name));
    expect(original.unusedTensors).toEqual([]);
    const folder = join(await temporaryFolder(), 'copy');
    await saveModelFolder(folder, { ...original, tokenizerFolder: fixture(name) });
    const weights = 'model.safetensors';
    expect(await contents(join(folder, weights))).toEqual(
      await contents(join(fixture(name), weights)),
    );
    const again = await loadModelFolder(folder);
    expect(again.sha256).toBe(original.sha256);
    expect(again.config).toEqual(original.config);
  });

  test('cut into shards it is the same model', async () => {
    const original = await loadModelFolder(fixture(name));
    const folder = join(await temporaryFolder(), 'shards');
    const maxShardBytes = 60_000;
    await saveModelFolder(folder, { ...original, tokenizerFolder: fixture(name), maxShardBytes });
    const index = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8'));
    const shards = [...new Set<string>(Object.values(index.weight_map))];
    expect(shards.length).toBeGreaterThan(3);
    expect(shards[0]).toBe(`model-00001-of-0000${shards.length}.safetensors`);
    expect(index.metadata.total_size).toBe(original.weights.byteLength);
    for (const shard of shards) {
      const file = await SafetensorsFile.open(join(folder, shard));
      const held = [...file.tensors.values()];
      await file.close();
      const bytes = held.reduce((sum, { begin, end }) => sum + end - begin, 0);
      expect(bytes <= maxShardBytes || held.length === 1).toBe(true);
    }
    expect((await loadModelFolder(folder)).sha256).toBe(original.sha256);
  });
});

test('a checkpoint in shards comes back bit for bit, and a lost shard is noticed', async () => {
  const folder = await temporaryFolder();
  const { store, warnings } = await openStore(folder, { maxShardBytes: 100 });
  await store.save(tinyState(1));
  const step = await store.save(tinyState(2));
  expect(await store.newest()).toEqual({ folder: step, state: tinyState(2) });
  const { weight_map } = JSON.parse(
    await readFile(join(step, 'model.safetensors.index.json'), 'utf8'),
  );
  await writeFile(join(step, weight_map['model.norm.weight']), '');
  expect((await store.newest())?.state).toEqual(tinyState(1));
  expect(warnings.join()).toContain('has 0 of');
});

test('the end tokens of generation_config.json join those of config.json', async () => {
  const folder = await temporaryFolder();
  await saveModelFolder(join(folder, 'model'), {
    configJson: tinyConfigJson,
    weights: tinyWeights(1),
    tokenizerFolder: await tokenizerFolder(),
  });
  const path = join(folder, 'model', 'generation_config.json');
  await writeFile(path, '{"eos_token_id": [4, 1], "temperature": 0.6}');
  expect((await loadModelFolder(join(folder, 'model'))).config.eosTokenIds).toEqual([1, 4]);
  await writeFile(path, '{"eos_token_id": "</s>"}');
  await expect(loadModelFolder(join(folder, 'model'))).rejects.toMatchObject({
    code: 'INVALID_MODEL',
    message: `${path}: eos_token_id is "</s>", not a token id`,
  });
  await writeFile(path, '[]');
  await expect(loadModelFolder(join(folder, 'model'))).rejects.toThrow('is no JSON object');
});

test('weights of a type that we cannot read are refused before anything is read', async () => {
  const folder = await temporaryFolder();
  const specs = parameterSpecs(parseModelConfig(tinyConfigJson));
  const bytes = Buffer.concat([...encodeSafetensors(namedTensors(specs, tinyWeights(1)))]);
  // I32 and F32 have the same size, so that only the type is wrong.
  const text = bytes.toString('latin1').replace('"dtype":"F32"', '"dtype":"I32"');
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfigJson));
  await writeFile(join(folder, 'model.safetensors'), Buffer.from(text, 'latin1'));
  await expect(checkModelFolder(folder)).rejects.toThrow(
    'stores model.embed_tokens.weight as I32, which can',
  );
});

test("a model's hash is of weights, configuration, tokenizer and chat template, wherever they lie", async () => {
  const hashOf = async (change: (folder: string) => Promise<void> = async () => {}) => {
    const folder = join(await temporaryFolder(), 'model');
    const tokenizer = await tokenizerFolder();
    const model = {
      configJson: tinyConfigJson,
      weights: tinyWeights(1),
      tokenizerFolder: tokenizer,
    };
    await saveModelFolder(folder, model);
    await change(folder);
    return await modelSha256(folder, await loadModelFolder(folder));
  };
  const write = (name: string, text: string) => (folder: string) =>
    writeFile(join(folder, name), text);
  const hashes = [
    await hashOf(),
    await hashOf(write('config.json', JSON.stringify({ ...tinyConfigJson, rope_theta: 7 }))),
    await hashOf(write('generation_config.json', '{"eos_token_id": 3}')),
    await hashOf(write('tokenizer.json', '{}')),
    await hashOf(write('tokenizer_config.json', '{"chat_template": "x"}')),
    await hashOf(write('chat_template.jinja', 'x')),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(await hashOf(write('README.md', 'x'))).toBe(hashes[0]);
});
