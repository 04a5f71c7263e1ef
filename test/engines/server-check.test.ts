import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arithmeticCharacters } from '@mgrpo/datasets';
import { ApiClient, checkServer } from '@mgrpo/openai-engine';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { writeRecipe } from '../loop/small-run.ts';
import { saveRandomModel } from '../random-model.ts';
import { TestEngineServer } from './engine-server.ts';

const root = mkdtempSync(join(tmpdir(), 'mgrpo-server-check-'));
const base = join(root, 'base');
let server: TestEngineServer;

beforeAll(async () => {
  await saveRandomModel(base, { characters: arithmeticCharacters, maxPositions: 64 });
  server = await TestEngineServer.start({ folder: base });
});
afterAll(async () => {
  await server.kill();
  rmSync(root, { recursive: true });
});

const expected = async () => {
  const tokenizer = await loadTokenizer(base);
  return {
    servedModel: 'model',
    maxTokens: 64,
    sample: { text: '1+2=', tokens: [...tokenizer.encode('1+2=')] },
    timeoutMs: 30_000,
  };
};
const clientOf = (url: string) =>
  new ApiClient({ url, apiKey: null, apiKeyVariable: null, maxAnswerBytes: 1 << 20 });

test('a server may be used when all agrees', async () => {
  expect(await checkServer(clientOf(server.url), await expected())).toEqual([]);
});

test('a server is refused when model, length or tokenizer are others', async () => {
  const other = { ...(await expected()), maxTokens: 65, sample: { text: '1+2=', tokens: [0] } };
  const findings = await checkServer(clientOf(server.url), other);
  expect(findings.map(({ kind }) => kind)).toEqual(['wrong', 'wrong']);
  expect(findings[0]!.message).toMatch(/takes 64 tokens \(max_model_len\).* are 65/);
  expect(findings[1]!.message).toContain('it serves another model');
  const named = { ...(await expected()), servedModel: 'Qwen/Qwen3-4B' };
  const [wrong] = await checkServer(clientOf(server.url), named);
  expect(wrong!.message).toContain('serves model, not Qwen/Qwen3-4B');
});

test('a server that is not there may come later', async () => {
  const findings = await checkServer(clientOf('http://127.0.0.1:9'), await expected());
  expect(findings).toMatchObject([{ kind: 'unreachable' }]);
});

test('a server that wants a key says so', async () => {
  const locked = await TestEngineServer.start({ folder: base, apiKey: 'secret' });
  onTestFinished(() => locked.kill());
  const asking = checkServer(clientOf(locked.url), await expected());
  await expect(asking).rejects.toThrow(/answered 401.*apiKeyVariable/);
  const options = { url: locked.url, apiKeyVariable: 'K', maxAnswerBytes: 1 << 20 };
  const wrong = checkServer(new ApiClient({ ...options, apiKey: 'guess' }), await expected());
  await expect(wrong).rejects.toThrow('environment variable K');
  const right = checkServer(new ApiClient({ ...options, apiKey: 'secret' }), await expected());
  expect(await right).toEqual([]);
});

test('doctor looks at the servers of a recipe', async () => {
  const path = writeRecipe({ runFolder: join(root, 'run'), base });
  const recipe = JSON.parse(readFileSync(path, 'utf8'));
  recipe.rollout = { engine: 'openai' };
  const absent = 'http://127.0.0.1:9';
  recipe.deployment.openai = { policyUrls: [server.url], momentumUrls: [absent] };
  writeFileSync(path, JSON.stringify(recipe));
  const { code, stdout } = await mgrpo('doctor', '--recipe', path, '--json');
  expect(code).toBe(1);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; found: string }[] };
  const engines = checks.filter(({ name }) => name.endsWith('engine'));
  expect(engines).toMatchObject([
    { name: 'policy engine', status: 'ok', found: `model at ${server.url}` },
    { name: 'momentum engine', status: 'failed', found: expect.stringContaining(absent) },
  ]);
});
