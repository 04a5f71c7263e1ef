import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { loadPretrainConfig, type PretrainConfig } from '@mgrpo/config';
import { fingerprint, sameFingerprint } from '@mgrpo/runtime';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { beforeAll, expect, test } from 'vitest';
import { pretrain, pretrainingSamples } from './pretraining.ts';
import { pretrainingFile, readPretraining } from './pretraining-folder.ts';

const root = join(import.meta.dirname, '../../..');
const base = join(root, 'models/arithmetic-base');
const recipe = loadPretrainConfig({
  file: join(root, 'recipes/arithmetic-base.yaml'),
  overrides: [],
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mgrpo-pretraining-'));
});

/** A few steps of a small batch, to a folder of their own. */
function short(name: string): PretrainConfig {
  const optimizer = { ...recipe.optimizer, warmupSteps: 2 };
  return { ...recipe, steps: 4, batchSize: 8, optimizer, output: join(folder, name) };
}

async function contentsOf(output: string): Promise<Record<string, string>> {
  const names = (await readdir(output)).sort();
  const texts = names.map((name) => readFile(join(output, name), 'latin1'));
  return Object.fromEntries((await Promise.all(texts)).map((text, i) => [names[i]!, text]));
}

test('two runs write the same bytes, in a folder that opens as a model', async () => {
  const steps: number[] = [];
  const manifest = await pretrain(short('first'), { onStep: ({ step }) => steps.push(step) });
  await pretrain(short('second'));
  expect(steps).toEqual([1, 2, 3, 4]);
  const contents = await contentsOf(join(folder, 'first'));
  expect(contents).toEqual(await contentsOf(join(folder, 'second')));
  expect(Object.keys(contents)).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    pretrainingFile,
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const model = await loadModelFolder(join(folder, 'first'));
  expect(model.sha256).toBe(manifest.weightsSha256);
  expect(model.config).toMatchObject({ architecture: 'qwen3', vocabSize: 19, eosTokenIds: [1] });
  expect(JSON.stringify(contents)).not.toContain(folder);
});

test('samples are worked and bare answers, end with the stop token and do not come again', async () => {
  const tokenizer = await loadTokenizer(base);
  const samples = [0, 1, 2].flatMap((step) => pretrainingSamples(step, recipe, tokenizer));
  const texts = samples.map(({ promptTokens, responseTokens }) => {
    expect(responseTokens.at(-1)).toBe(tokenizer.eosTokenId);
    return tokenizer.decode([...promptTokens, ...responseTokens], { skipSpecial: true });
  });
  for (const text of texts) expect(text).toMatch(/^\d([-+*]\d){5}=(\d{5})?>\d$/);
  expect(new Set(texts).size).toBeGreaterThan(0.99 * texts.length);
});

// The hash of the short run below, made where models/arithmetic-base was made. A change of the numerics changes
// both: remake the base (bin/mgrpo pretrain), then this.
const golden = '3d909f5175c5e025d7ed909f75f8ccfa673ed0a61a5db15eda1d66f800ba944c';
const here = await fingerprint();
const made = (await readPretraining(base))?.machine;
const isGoldenMachine = made !== undefined && sameFingerprint(made, here);
const machineText = `${made?.cpu}, ONNX Runtime ${made?.onnxRuntime}, Node ${made?.node}`;

test.skipIf(!isGoldenMachine)(`on ${machineText} the weights are the golden ones`, async () => {
  expect((await pretrain(short('golden'))).weightsSha256).toBe(golden);
});

test('an aborted run writes nothing', async () => {
  const stop = new AbortController();
  const config = short('stopped');
  const run = pretrain(config, { onStep: () => stop.abort(), signal: stop.signal });
  await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await readPretraining(config.output)).toBeNull();
});

test('a folder that pretraining did not write is not replaced', async () => {
  const config = short('precious');
  await mkdir(config.output);
  await writeFile(join(config.output, 'thesis.txt'), 'years of work');
  await expect(pretrain(config)).rejects.toThrow('choose a new folder');
  expect(await readdir(config.output)).toEqual(['thesis.txt']);
});

test.each(['arithmetic-base', 'arithmetic-base-2', 'product-sum-base'])(
  'models/%s is the one its manifest describes, from the committed recipe',
  async (name) => {
    const committed = join(root, 'models', name);
    const file = join(root, `recipes/${name}.yaml`);
    const { output, ...config } = loadPretrainConfig({ file, overrides: [] });
    const manifest = await readPretraining(committed);
    expect(output).toBe(committed);
    expect(manifest?.config).toEqual(config);
    expect((await loadModelFolder(committed)).sha256).toBe(manifest?.weightsSha256);
  },
);
