import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deploymentSchema } from '@mgrpo/config';
import { expect, test } from 'vitest';
import { localInputs } from './local-inputs.ts';
import type { S3Server } from './s3-server.fixture.ts';
import { startStore, storeSettings, temporaryFolder } from './testing.ts';

const files = {
  'models/base/config.json': '{}',
  'models/base/model.safetensors': 'weights',
  'models/base/trainer/optimizer.safetensors': 'moments',
  'models/base-2/config.json': 'another',
  'data/train.jsonl': '{"prompt":"1"}',
  'data/set/README.md': 'splits',
  'data/set/main/test-0.parquet': 'rows',
};

async function storeWithFiles(): Promise<{ server: S3Server; cacheFolder: string }> {
  const server = await startStore();
  for (const [key, body] of Object.entries(files)) server.put(key, body);
  return { server, cacheFolder: join(await temporaryFolder(), 'cache') };
}

type Inputs = Parameters<typeof localInputs>[0];

async function resolve(
  { server, cacheFolder }: Awaited<ReturnType<typeof storeWithFiles>>,
  { model, train, validation }: { model: string; train: string; validation: string | null },
) {
  const told: string[] = [];
  const config = {
    model: { path: model },
    prompts: { train, validation },
    deployment: { ...deploymentSchema.parse({}), store: storeSettings(server, { cacheFolder }) },
  } as Inputs;
  const tell = (message: string) => void told.push(message);
  const { model: found, prompts } = await localInputs(config, { env: server.env, tell });
  return { model: found.path, train: prompts.train, validation: prompts.validation, told };
}

const inputs = {
  model: 's3://bucket/models/base',
  train: 's3://bucket/data/train.jsonl',
  validation: 's3://bucket/data/set/#main/test',
};

test('a model, a file and a folder come once, and anew when they have changed', async () => {
  const store = await storeWithFiles();
  const first = await resolve(store, inputs);
  expect(first.told).toHaveLength(3);
  expect(readdirSync(first.model).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(readFileSync(first.train, 'utf8')).toBe(files['data/train.jsonl']);
  expect(first.train).toMatch(/\/train\.jsonl$/);
  const [folder, split] = String(first.validation).split('#');
  expect(readFileSync(join(folder!, 'main/test-0.parquet'), 'utf8')).toBe('rows');
  expect(split).toBe('main/test');
  expect(await resolve(store, inputs)).toEqual({ ...first, told: [] });
  store.server.put('models/base/model.safetensors', 'trained');
  const second = await resolve(store, inputs);
  expect(readFileSync(join(second.model, 'model.safetensors'), 'utf8')).toBe('trained');
  expect(readFileSync(join(first.model, 'model.safetensors'), 'utf8')).toBe('weights');
  expect(second.told).toHaveLength(1);
});

test('several processes that fetch at once get the same', async () => {
  const store = await storeWithFiles();
  const all = await Promise.all([1, 2, 3].map(() => resolve(store, inputs)));
  expect(new Set(all.map(({ model }) => model)).size).toBe(1);
  expect(readdirSync(store.cacheFolder).filter((name) => name.includes('.'))).toEqual([]);
});

test('bytes that do not fit, an object that changes and an empty address are errors that leave nothing', async () => {
  const store = await storeWithFiles();
  const { server } = store;
  server.fault = ({ key }) => (key.endsWith('.safetensors') ? { kind: 'damaged' } : null);
  await expect(resolve(store, inputs)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('s3://bucket/models/base/model.safetensors does not match'),
  });
  server.fault = ({ key }) => {
    if (key === 'models/base/config.json') server.put('models/base/model.safetensors', 'new one');
    return null;
  };
  await expect(resolve(store, inputs)).rejects.toMatchObject({ code: 'CORRUPT' });
  server.fault = () => null;
  expect(readdirSync(store.cacheFolder)).toEqual([]);
  const none = resolve(store, { ...inputs, model: 's3://bucket/models/bas' });
  await expect(none).rejects.toThrow('there is nothing at s3://bucket/models/bas');
  server.put('models/evil/../../x', '');
  const evil = resolve(store, { ...inputs, train: 's3://bucket/models/evil' });
  await expect(evil).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('local paths need no store', async () => {
  const store = await storeWithFiles();
  const local = { model: '/models/a', train: '/data/b', validation: null };
  expect(await resolve(store, local)).toEqual({ ...local, told: [] });
  expect(store.server.requests).toEqual([]);
});
