import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModelFolder, type ModelFolder } from '@mgrpo/checkpoint';
import { parseModelConfig } from '@mgrpo/model';
import { describe, expect, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import { projectFolder, promptRequest, score } from './testing.ts';

async function startEngine({ config, weights }: ModelFolder): Promise<GenerationEngine> {
  const engine = await GenerationEngine.start({ model: config, slots: 16, device: 'cpu' });
  await engine.setWeights(1, weights);
  return engine;
}

const greedy = (promptTokens: number[], maxResponseTokens: number) =>
  promptRequest(0, {
    promptTokens: Int32Array.from(promptTokens),
    numRollouts: 1,
    sampling: { temperature: 0, maxResponseTokens, stopTokenIds: [] },
  });

function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

describe.each(['tiny-qwen3', 'tiny-qwen2', 'tiny-llama'])('%s', (name) => {
  const { folder } = projectFolder(`test/fixtures/${name}`);

  test("greedy tokens are PyTorch's", async () => {
    const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
    const engine = await startEngine(await loadModelFolder(folder));
    for (const { prompt, continuation } of reference.greedy) {
      const [rollout] = await engine.generate(greedy(prompt, continuation.length));
      expect([...rollout!.tokens]).toEqual(continuation);
    }
    await engine.close();
  });

  test("log-probabilities and entropies are the learner's to 1e-4", async () => {
    const model = await loadModelFolder(folder);
    const engine = await startEngine(model);
    for (const temperature of [1, 1.1, 0.8]) {
      const request = promptRequest(3, { sampling: { temperature, stopTokenIds: [] } });
      for (const rollout of await engine.generate(request)) {
        const expected = await score(model, request.promptTokens, rollout, temperature);
        expect(largestGap(rollout.logprobs, expected.logprobs.data)).toBeLessThan(1e-4);
        expect(largestGap(rollout.entropies, expected.entropies.data)).toBeLessThan(1e-4);
      }
    }
    await engine.close();
  });
});

test.each([
  { rope_type: 'linear', factor: 4 },
  {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  },
])('prompt and response turn as in the learner with $rope_type scaling', async (rope_scaling) => {
  const { folder } = projectFolder('test/fixtures/tiny-llama');
  const plain = await loadModelFolder(folder);
  const { rope_parameters: _unscaled, ...configJson } = plain.configJson;
  const config = parseModelConfig({ ...configJson, rope_scaling });
  const engine = await startEngine({ ...plain, config });
  const request = promptRequest(3, { sampling: { temperature: 1, stopTokenIds: [] } });
  for (const rollout of await engine.generate(request)) {
    const expected = await score({ ...plain, config }, request.promptTokens, rollout, 1);
    expect(largestGap(rollout.logprobs, expected.logprobs.data)).toBeLessThan(1e-4);
    const unscaled = await score(plain, request.promptTokens, rollout, 1);
    expect(largestGap(rollout.logprobs, unscaled.logprobs.data)).toBeGreaterThan(1e-2);
  }
  await engine.close();
});

const stories = projectFolder('../shared/models/stories260K');

test.skipIf(!stories.isThere)(
  'stories260K continues its story as the reference does (skipped where ../shared/models is absent)',
  async () => {
    const path = join(stories.folder, 'reference_logits.json');
    const { greedy: reference, cases } = JSON.parse(readFileSync(path, 'utf8'));
    const engine = await startEngine(await loadModelFolder(stories.folder));
    const numPrompt = cases[0].ids.length; // the greedy text goes on from the first case
    const prompt = reference.ids.slice(0, numPrompt);
    const [rollout] = await engine.generate(greedy(prompt, reference.ids.length - numPrompt));
    expect([...rollout!.tokens]).toEqual(reference.ids.slice(numPrompt));
    for (const { ids, last_logits: logits } of cases) {
      const [next] = await engine.generate(greedy(ids, 1));
      const largest = Math.max(...logits);
      const logSum = Math.log(
        logits.reduce((sum: number, z: number) => sum + Math.exp(z - largest), 0),
      );
      expect(next!.tokens[0]).toBe(logits.indexOf(largest));
      expect(next!.logprobs[0]).toBeCloseTo(-logSum, 4);
    }
    await engine.close();
  },
);
