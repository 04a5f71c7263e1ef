import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder, readModelConfig } from '@mgrpo/checkpoint';
import { arithmeticCharacters } from '@mgrpo/datasets';
import type { GenerationRequest, Rollout } from '@mgrpo/generation';
import { OpenAiEngine, type OpenAiEngineOptions } from '@mgrpo/openai-engine';
import { freePort } from '@mgrpo/queues';
import { ScoringEngine } from '@mgrpo/training';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { saveRandomModel } from '../random-model.ts';
import { type EngineServerOptions, type Fault, TestEngineServer } from './engine-server.ts';

const root = mkdtempSync(join(tmpdir(), 'mgrpo-engines-'));
const base = join(root, 'base');
const stopTokenIds = [1];
const sampling = { temperature: 1.1, topP: 1, topK: 0, maxResponseTokens: 12, stopTokenIds };
let server: TestEngineServer;

beforeAll(async () => {
  await saveRandomModel(base, { characters: arithmeticCharacters, maxPositions: 64 });
  server = await TestEngineServer.start({ folder: base });
});
afterEach(() => {
  server.faults.length = 0;
  server.ignoresReloads = false;
});
afterAll(async () => {
  await server.kill();
  rmSync(root, { recursive: true });
});

/** Weights of version v: the base's, each a little larger. */
async function weightsOf(version: number): Promise<Float32Array> {
  const { weights } = await loadModelFolder(base);
  return weights.map((x) => x * (1 + 0.05 * version));
}

async function startServer(options: Partial<EngineServerOptions> = {}): Promise<TestEngineServer> {
  const own = await TestEngineServer.start({ folder: base, ...options });
  onTestFinished(() => own.kill());
  return own;
}

async function startEngine(change: Partial<OpenAiEngineOptions> = {}): Promise<OpenAiEngine> {
  const folder = join(root, 'weights', String(Math.random()));
  const { config: model } = await loadModelFolder(base);
  const engine = await OpenAiEngine.start({
    model,
    configJson: (await readModelConfig(base)).configJson,
    tokenizerFolder: base,
    urls: [server.url],
    servedModel: 'model',
    dialect: 'vllm',
    apiKey: null,
    apiKeyVariable: null,
    topLogprobs: 5,
    concurrency: 16,
    retries: { attempts: 4, deadlineMs: 20_000, firstPauseMs: 10, maxPauseMs: 50 },
    requestMs: 10_000,
    reloadMs: 10_000,
    maxAnswerBytes: 1 << 20,
    folder,
    folderOnServer: folder,
    keepFolders: 2,
    probePrompt: Int32Array.of(2, 3, 4, 5),
    probeSampling: sampling,
    ownProbe: true,
    tolerance: 0.01,
    ...change,
  });
  onTestFinished(() => engine.close());
  return engine;
}

function request(weightVersion: number, change: Partial<GenerationRequest> = {}) {
  return {
    stream: {
      seed: 3,
      purpose: 'train' as const,
      iteration: 1,
      prompt: 0,
      role: 'policy' as const,
    },
    promptTokens: Int32Array.of(3, 5, 7),
    firstRollout: 4,
    numRollouts: 6,
    weightVersion,
    sampling,
    ...change,
  };
}

/** An engine that has version 1, its first reload behind it. */
async function readyEngine(change: Partial<OpenAiEngineOptions> = {}): Promise<OpenAiEngine> {
  const engine = await startEngine(change);
  await engine.setWeights(1, await weightsOf(1));
  await engine.generate(request(1, { numRollouts: 1 }));
  return engine;
}

/** Our own engine's scores of the rollouts' tokens: how far is the server from them? */
async function distances(rollouts: readonly Rollout[], version: number) {
  const { config: model } = await loadModelFolder(base);
  const scorer = await ScoringEngine.start(model);
  const { promptTokens } = request(version);
  const scores = await scorer.score({
    flat: await weightsOf(version),
    sequences: rollouts.map(({ tokens }) => ({ promptTokens, responseTokens: tokens })),
    temperature: sampling.temperature,
  });
  await scorer.close();
  const positions = rollouts.flatMap((rollout, i) =>
    [...rollout.tokens.keys()].map((t) => ({
      logprob: rollout.logprobs[t]! - scores[i]!.logprobs[t]!,
      entropy: rollout.entropies[t]! - scores[i]!.entropies[t]!,
    })),
  );
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    logprobGap: mean(positions.map(({ logprob }) => Math.abs(logprob))),
    largestGap: Math.max(...positions.map(({ logprob }) => Math.abs(logprob))),
    entropyGap: mean(positions.map(({ entropy }) => entropy)),
    largestEntropy: Math.max(...positions.map(({ entropy }) => entropy)),
  };
}

describe('rollouts of a server', () => {
  test.each(['vllm', 'sglang'] as const)(
    '%s: are those of its weights, in order',
    async (dialect) => {
      const engine = await readyEngine({ dialect, topLogprobs: 18 });
      const rollouts = await engine.generate(request(1));
      expect(rollouts.map(({ index }) => index)).toEqual([4, 5, 6, 7, 8, 9]);
      expect(new Set(rollouts.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(3);
      const distance = await distances(rollouts, 1);
      expect(distance.largestGap).toBeLessThan(1e-5);
      // All tokens but one or two are among 18: what is left is rounding.
      expect(Math.abs(distance.entropyGap)).toBeLessThan(1e-4);
      expect(await engine.generate(request(1))).toEqual(rollouts);
    },
  );

  test('have entropies from the top logprobs that are never too large', async () => {
    const engine = await readyEngine({ topLogprobs: 5 });
    const distance = await distances(await engine.generate(request(1, { numRollouts: 16 })), 1);
    expect(distance.largestEntropy).toBeLessThan(1e-4);
    expect(distance.entropyGap).toBeLessThan(-1e-3);
  });

  test('of a bfloat16 server differ as its rounding does', async () => {
    const rounding = await startServer({ bfloat16: true });
    const engine = await readyEngine({ urls: [rounding.url], tolerance: 0.1 });
    const distance = await distances(await engine.generate(request(1, { numRollouts: 16 })), 1);
    expect(distance.logprobGap).toBeGreaterThan(1e-5);
    expect(distance.logprobGap).toBeLessThan(0.02);
  });

  test('are spread over several servers', async () => {
    const second = await startServer();
    const engine = await readyEngine({ urls: [server.url, second.url], concurrency: 2 });
    const first = await engine.generate(request(1, { numRollouts: 20 }));
    expect(second.requests.filter(({ path }) => path === '/v1/completions').length).toBeGreaterThan(
      5,
    );
    expect(await engine.generate(request(1, { numRollouts: 20 }))).toEqual(first);
  });

  test('come from a server again that failed before', async () => {
    const second = await startServer();
    const engine = await readyEngine({ urls: [server.url, second.url], concurrency: 2 });
    second.faults.push({ kind: 'status', status: 429 });
    await engine.generate(request(1, { numRollouts: 20 }));
    second.requests.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 60));
    await engine.generate(request(1, { numRollouts: 20 }));
    expect(second.requests.length).toBeGreaterThan(5);
  });

  test('of two versions at once never mix', async () => {
    const own = await startServer();
    const engine = await readyEngine({ urls: [own.url] });
    await engine.setWeights(2, await weightsOf(2));
    const versions = [1, 2, 1, 2, 2, 1];
    const parts = await Promise.all(versions.map((version) => engine.generate(request(version))));
    for (const [i, version] of versions.entries()) {
      expect((await distances(parts[i]!, version)).largestGap).toBeLessThan(1e-5);
    }
    expect(own.reloadedWhileActive).toBe(false);
    expect(own.maxActive).toBeGreaterThan(2);
    const reloads = own.requests.filter(({ path }) => path === '/collective_rpc');
    expect(reloads.length).toBeLessThanOrEqual(4);
  });
});

describe('a fault', () => {
  const transient: [string, Fault][] = [
    ['500', { kind: 'status', status: 500 }],
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 0.3 }],
    ['a reset connection', { kind: 'reset' }],
    ['a reset in mid body', { kind: 'reset-in-body' }],
  ];
  test.each(transient)('of kind %s is tried again, to the same rollouts', async (what, fault) => {
    const engine = await readyEngine();
    const undisturbed = await engine.generate(request(1));
    server.faults.push(fault, fault);
    const startedAt = performance.now();
    expect(await engine.generate(request(1))).toEqual(undisturbed);
    if (what.includes('Retry-After')) expect(performance.now() - startedAt).toBeGreaterThan(290);
    expect((await engine.stats()).numRetries).toBeGreaterThanOrEqual(2);
  });

  const changed = (change: (choice: CompletionChoice) => void): Fault => ({
    kind: 'change',
    change: ({ choices }) => change(choices[0]!),
  });
  test.each<[string, Fault, RegExp]>([
    ['400', { kind: 'status', status: 400 }, /v1\/completions answered 400: .*fault/],
    ['truncated JSON', { kind: 'truncated-json' }, /answered no JSON/],
    [
      'a token too few',
      changed((choice) => choice.token_ids.pop()),
      /token_logprobs has \d+ elements for \d+ token_ids/,
    ],
    [
      'a foreign token',
      changed((choice) => choice.token_ids.splice(0, 1, 99_999)),
      /token_ids\[0\] is 99999/,
    ],
    [
      'no number',
      changed((choice) => choice.logprobs.token_logprobs.splice(0, 1, null as never)),
      /token_logprobs\[0\] is null, no logprob/,
    ],
    [
      'a probability above 1',
      changed((choice) => Object.assign(choice.logprobs.top_logprobs[0]!, { a: 0, b: 0 })),
      /top_logprobs\[0\] has a probability of/,
    ],
    [
      'an end that is none',
      changed((choice) => Object.assign(choice, { finish_reason: 'abort' })),
      /finish_reason is abort/,
    ],
    [
      'no choices',
      { kind: 'change', change: (answer) => answer.choices.pop() },
      /choices has 0 elements/,
    ],
  ])('of kind %s names server and field, and is not tried again', async (_what, fault, message) => {
    const engine = await readyEngine();
    server.faults.push(fault);
    const failing = engine.generate(request(1, { numRollouts: 1 }));
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(server.url);
    expect((await engine.stats()).numRetries).toBe(0);
    expect(await engine.generate(request(1))).toHaveLength(6);
  });

  test('a server that is slow is given up after requestMs, and asked again', async () => {
    const engine = await readyEngine({ requestMs: 1500 });
    server.faults.push({ kind: 'slow', ms: 3000 });
    expect(await engine.generate(request(1))).toHaveLength(6);
  });

  test('a server that stays away ends the job with its name, and the engine is not ready', async () => {
    const own = await startServer();
    const engine = await readyEngine({ urls: [own.url] });
    expect(engine.notReady()).toBeNull();
    own.faults.push(...Array.from({ length: 60 }, (): Fault => ({ kind: 'reset' })));
    const failing = engine.generate(request(1));
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(failing).rejects.toThrow(new RegExp(`${own.url}.*after 4 tries`));
    expect(engine.notReady()).toContain(own.url);
  });

  test('a call that is given up frees the server', async () => {
    const engine = await readyEngine();
    server.faults.push({ kind: 'slow', ms: 20_000 });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const startedAt = performance.now();
    await expect(engine.generate(request(1), abort.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});

type CompletionChoice = Parameters<Extract<Fault, { kind: 'change' }>['change']>[0]['choices'][0];

describe('weights', () => {
  test.each([
    ['our own engine', true],
    ['its earlier answer', false],
  ])('that a server did not reload are noticed by %s', async (_by, ownProbe) => {
    const engine = await readyEngine({ ownProbe });
    server.ignoresReloads = true;
    await engine.setWeights(2, await weightsOf(2));
    const failing = engine.generate(request(2));
    await expect(failing).rejects.toMatchObject({ code: 'STALE_WEIGHTS' });
    await expect(failing).rejects.toThrow(/it ignored the reload/);
    expect(engine.notReady()).toContain('it ignored the reload');
    expect((await engine.stats()).numStale).toBeGreaterThan(0);
    server.ignoresReloads = false;
    expect((await distances(await engine.generate(request(2)), 2)).largestGap).toBeLessThan(1e-5);
    expect(engine.notReady()).toBeNull();
  });

  test.each(['vllm', 'sglang'] as const)(
    '%s: that someone else loads are noticed before a rollout is believed',
    async (dialect) => {
      const engine = await readyEngine({
        dialect,
        retries: { attempts: 1, deadlineMs: 5000, firstPauseMs: 1, maxPauseMs: 1 },
      });
      const foreign = { model_path: base, weight_version: 'theirs' };
      const load = () =>
        fetch(`${server.url}/update_weights_from_disk`, {
          method: 'POST',
          body: JSON.stringify(foreign),
        });
      await load();
      await expect(engine.generate(request(1))).rejects.toMatchObject({ code: 'STALE_WEIGHTS' });
      expect((await distances(await engine.generate(request(1)), 1)).largestGap).toBeLessThan(1e-5);
    },
  );

  test('come back after the server was killed and started again', async () => {
    const port = await freePort();
    const own = await TestEngineServer.start({ folder: base, port });
    const engine = await readyEngine({
      urls: [own.url],
      retries: { attempts: 30, deadlineMs: 20_000, firstPauseMs: 50, maxPauseMs: 100 },
    });
    const before = await engine.generate(request(1));
    await own.kill();
    const waiting = engine.generate(request(1));
    const again = await startServer({ port });
    expect(await waiting).toEqual(before);
    expect(again.requests.some(({ path }) => path === '/collective_rpc')).toBe(true);
  });

  test('stay on the disk while they are needed, and no longer', async () => {
    const folder = join(root, 'kept');
    const engine = await startEngine({ folder, folderOnServer: folder });
    for (const version of [1, 2, 3, 4]) {
      await engine.setWeights(version, await weightsOf(version));
      for (const old of engine.versions().filter((each) => each < version)) {
        await engine.dropWeights(old);
      }
    }
    expect(
      readdirSync(folder)
        .map((name) => name.split('-')[0])
        .sort(),
    ).toEqual(['v3', 'v4']);
    await expect(engine.generate(request(2))).rejects.toMatchObject({ code: 'STALE_WEIGHTS' });
    await engine.close();
    expect(existsSync(folder)).toBe(false);
  });

  test('whose logprobs are at another temperature are refused with the remedy', async () => {
    const raw = await startServer({ rawLogprobs: true });
    const asking = readyEngine({ urls: [raw.url], tolerance: 0.5 });
    await expect(asking).rejects.toThrow(/temperature 1.*processed_logprobs/);
  });
});

test('a server that wants a key gets it', async () => {
  const locked = await startServer({ apiKey: 'secret' });
  const engine = await readyEngine({ urls: [locked.url], apiKey: 'secret', apiKeyVariable: 'K' });
  expect(await engine.generate(request(1))).toHaveLength(6);
});
