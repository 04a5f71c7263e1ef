import { initialWeights, numParameters } from '@mgrpo/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import { promptRequest, type RequestOverrides, smallModel } from './testing.ts';

const model = smallModel();
const weights = initialWeights(model, 1);
let engine: GenerationEngine;

beforeAll(async () => {
  engine = await GenerationEngine.start({ model, slots: 6, device: 'cpu' });
  await engine.setWeights(1, weights);
});
afterAll(() => engine.close());

test('a request gets its rollouts in order, each ended by a stop token or the limit', async () => {
  const request = promptRequest(2, { firstRollout: 4, numRollouts: 9 });
  const rollouts = await engine.generate(request);
  expect(rollouts.map(({ index }) => index)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  for (const { tokens, logprobs, entropies, finishReason } of rollouts) {
    const isStopped = tokens.at(-1) === 3;
    expect(finishReason).toBe(isStopped ? 'stop' : 'length');
    if (!isStopped) expect(tokens.length).toBe(request.sampling.maxResponseTokens);
    expect(tokens.indexOf(3)).toBe(isStopped ? tokens.length - 1 : -1);
    expect([logprobs.length, entropies.length]).toEqual([tokens.length, tokens.length]);
    expect(tokens.every((token) => token >= 0 && token < model.vocabSize)).toBe(true);
    expect(logprobs.every((logprob) => logprob <= 0)).toBe(true);
    expect(entropies.every((e) => e > 0 && e <= Math.log(model.vocabSize) + 1e-5)).toBe(true);
  }
});

test('rollouts differ from each other, from other seeds and other roles', async () => {
  const request = promptRequest(2);
  const others = [
    request,
    { ...request, stream: { ...request.stream, seed: 6 } },
    { ...request, stream: { ...request.stream, role: 'momentum' as const } },
    { ...request, stream: { ...request.stream, iteration: 2 } },
  ];
  const groups = await Promise.all(others.map((other) => engine.generate(other)));
  const responses = groups.flat().map(({ tokens }) => tokens.join());
  expect(new Set(responses).size).toBe(responses.length);
});

test('a response of one token and a first token that stops need no slot', async () => {
  const short = promptRequest(1, { numRollouts: 20, sampling: { maxResponseTokens: 1 } });
  const rollouts = await engine.generate(short);
  expect(rollouts.map(({ tokens }) => tokens.length)).toEqual(Array(20).fill(1));
});

test('one prompt is read once for all jobs that ask for it', async () => {
  await engine.setWeights(3, weights);
  const before = await engine.stats();
  const chunks = [0, 5, 10].map((firstRollout) =>
    engine.generate(promptRequest(6, { weightVersion: 3, firstRollout })),
  );
  await Promise.all(chunks);
  const after = await engine.stats();
  expect(after.numPromptsRead - before.numPromptsRead).toBe(1);
  expect(after.numResponseTokens).toBeGreaterThan(before.numResponseTokens);
  expect(after).toMatchObject({ slots: 6, activeRollouts: 0, waitingRollouts: 0 });
});

test('a version that is not held is refused by name, a dropped one finishes what it began', async () => {
  await engine.setWeights(2, weights);
  expect(engine.versions()).toEqual(expect.arrayContaining([1, 2]));
  const underWay = engine.generate(promptRequest(5, { weightVersion: 2, numRollouts: 12 }));
  await engine.dropWeights(2);
  expect(engine.versions()).not.toContain(2);
  await expect(engine.generate(promptRequest(5, { weightVersion: 2 }))).rejects.toMatchObject({
    code: 'STALE_WEIGHTS',
    message: expect.stringContaining('weight version 2 is not here (held: 1'),
  });
  expect(await underWay).toHaveLength(12);
});

test('weights of another size are refused', async () => {
  await expect(engine.setWeights(9, weights.subarray(1))).rejects.toMatchObject({
    code: 'INVALID_MODEL',
    message: expect.stringContaining(`the model has ${numParameters(model)} parameters`),
  });
  expect(engine.versions()).not.toContain(9);
});

test('a view of a larger array and shared memory can be sent, and the sender keeps them', async () => {
  const shared = new Float32Array(new SharedArrayBuffer(4 * (weights.length + 2)));
  shared.set(weights, 2);
  await engine.setWeights(7, shared.subarray(2));
  const expected = await engine.generate(promptRequest(2));
  const other = await engine.generate(promptRequest(2, { weightVersion: 7 }));
  expect(other).toEqual(expected);
  expect(weights.length).toBe(numParameters(model));
});

test('a cancelled request frees its slots for the others', async () => {
  const abort = new AbortController();
  const endless = { maxResponseTokens: 900, stopTokenIds: [] };
  const cancelled = engine.generate(promptRequest(3, { sampling: endless }), abort.signal);
  const outcome = expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await engine.stats();
  abort.abort();
  await outcome;
  expect(await engine.generate(promptRequest(2))).toHaveLength(5);
  expect((await engine.stats()).activeRollouts).toBe(0);
});

test('weights that compute NaN fail their own requests and nothing after them', async () => {
  const broken = weights.slice();
  broken[weights.length - 1] = Number.NaN; // the final norm
  await engine.setWeights(8, broken);
  const [healthy, diverged] = await Promise.allSettled([
    engine.generate(promptRequest(4)),
    engine.generate(promptRequest(4, { weightVersion: 8 })),
  ]);
  expect(healthy.status).toBe('fulfilled');
  expect(diverged).toMatchObject({
    status: 'rejected',
    reason: { code: 'INTERNAL', message: expect.stringContaining('weights have diverged') },
  });
  expect(await engine.generate(promptRequest(4))).toEqual((healthy as { value: unknown }).value);
});

test('memory is taken as rollouts come, not for slots or lengths that may never be', async () => {
  const roomy = await GenerationEngine.start({ model, slots: 1_000_000, device: 'cpu' });
  await roomy.setWeights(1, weights);
  await roomy.generate(
    promptRequest(1, { sampling: { maxResponseTokens: 1000, stopTokenIds: [3] } }),
  );
  expect((await roomy.stats()).cacheBytes).toBeLessThan(10e6);
  await roomy.close();
});

test('closing cancels what is under way', async () => {
  const closing = await GenerationEngine.start({ model, slots: 2, device: 'cpu' });
  await closing.setWeights(1, weights);
  const endless = { maxResponseTokens: 900, stopTokenIds: [] };
  const outcomes = [1, 2, 3].map((prompt) =>
    expect(closing.generate(promptRequest(prompt, { sampling: endless }))).rejects.toMatchObject({
      code: 'CANCELLED',
    }),
  );
  await closing.stats();
  await closing.close();
  await Promise.all(outcomes);
  expect(await closing.ended).toBeUndefined();
});

test.each([
  [{ promptTokens: new Int32Array(0) }, 'the prompt has no tokens'],
  [{ promptTokens: Int32Array.of(1, 18) }, 'prompt token 18 is not below 18'],
  [{ numRollouts: 0 }, 'numRollouts is 0'],
  [{ firstRollout: -1 }, 'firstRollout is -1'],
  [{ sampling: { temperature: -1 } }, 'temperature is -1'],
  [{ sampling: { topP: 0 } }, 'topP is 0'],
  [{ sampling: { topK: 1.5 } }, 'topK is 1.5'],
  [{ sampling: { maxResponseTokens: 0 } }, 'maxResponseTokens is 0'],
  [{ sampling: { maxResponseTokens: 1024 } }, 'need 1039 positions; the model has 1024'],
])('a request with %j is refused', async (overrides, message) => {
  const request = promptRequest(2, overrides as RequestOverrides);
  await expect(engine.generate(request)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining(message),
  });
});

test('a lone rollout can be cut by top-k and top-p', async () => {
  const sampling = { temperature: 1, topK: 5, topP: 0.9 };
  const lone = await engine.generate(promptRequest(4, { numRollouts: 1, sampling }));
  const several = await engine.generate(promptRequest(4, { numRollouts: 3, sampling }));
  expect(lone[0]).toEqual(several[0]);
});
