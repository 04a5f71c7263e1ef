import { initialWeights, type ModelConfig } from '@mgrpo/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import type { Rollout } from './request.ts';
import { promptRequest, rolloutBits, smallModel } from './testing.ts';

// Every model has its own traps: odd vocabularies for reductions, head dims that are no multiple of a vector,
// one query head per key head (single-row products take another kernel), no norms, biases.
const models: Readonly<Record<string, ModelConfig>> = {
  'qwen3, vocabulary 15': smallModel({ vocab_size: 15 }),
  'qwen3, vocabulary 18, a key head each': smallModel({ vocab_size: 18, num_key_value_heads: 4 }),
  'llama, vocabulary 97, head dim 10, a key head each': smallModel({
    vocab_size: 97,
    model_type: 'llama',
    head_dim: 10,
    num_key_value_heads: 4,
  }),
  'qwen2, vocabulary 101, head dim 24, one key head': smallModel({
    vocab_size: 101,
    model_type: 'qwen2',
    head_dim: 24,
    num_key_value_heads: 1,
  }),
  'llama, vocabulary 512, head dim 8': smallModel({
    vocab_size: 512,
    model_type: 'llama',
    head_dim: 8,
    tie_word_embeddings: false,
  }),
};

const numPrompts = 8;
const prompts = Array.from({ length: numPrompts }, (_, prompt) => prompt);

async function startEngine(model: ModelConfig, slots: number): Promise<GenerationEngine> {
  const engine = await GenerationEngine.start({ model, slots, device: 'cpu' });
  await engine.setWeights(1, initialWeights(model, 3));
  return engine;
}

/** Five rollouts of each prompt, asked for in the given order: up to 40 rows, by prompt. */
async function generateAll(
  engine: GenerationEngine,
  order: readonly number[],
): Promise<string[][]> {
  const bits: string[][] = [];
  await Promise.all(
    order.map(async (prompt) => {
      const rollouts = await engine.generate(promptRequest(prompt));
      bits[prompt] = rollouts.map(rolloutBits);
    }),
  );
  return bits;
}

describe.each(Object.entries(models))('%s', (_, model) => {
  let engine: GenerationEngine;
  let reference: string[][];
  beforeAll(async () => {
    engine = await startEngine(model, 40);
    reference = await generateAll(engine, prompts);
  });
  afterAll(() => engine.close());

  test('the reference has responses of many lengths that cross three cache sizes', async () => {
    const rollouts = await Promise.all(prompts.map((p) => engine.generate(promptRequest(p))));
    const numCells = rollouts.flatMap((group, prompt) =>
      group.map(({ tokens }) => promptRequest(prompt).promptTokens.length + tokens.length),
    );
    expect(new Set(numCells).size).toBeGreaterThan(8);
    expect(Math.max(...numCells)).toBeGreaterThan(64);
  });

  test('rollouts are the same in every row of the batch', async () => {
    for (let offset = 1; offset < numPrompts; offset++) {
      const order = prompts.map((prompt) => (prompt + offset) % numPrompts);
      expect(await generateAll(engine, order)).toEqual(reference);
    }
  });

  test('a rollout is the same in a batch of its own', async () => {
    for (const prompt of prompts) {
      const alone = promptRequest(prompt, { firstRollout: 3, numRollouts: 1 });
      const rollouts = await engine.generate(alone);
      expect(rollouts.map(rolloutBits)).toEqual(reference[prompt]!.slice(3, 4));
    }
  });
});

test('batches of 2 to 40 rows give one result', async () => {
  for (const name of [
    'llama, vocabulary 97, head dim 10, a key head each',
    'qwen3, vocabulary 15',
  ]) {
    const engine = await startEngine(models[name]!, 40);
    const expected = await generateAll(engine, prompts);
    for (let numRows = 2; numRows <= 40; numRows++) {
      const batch = Array.from({ length: numRows }, async (_, row) => {
        const prompt = (row * 3 + numRows) % numPrompts; // another order in each batch
        const firstRollout = Math.floor(row / numPrompts);
        const [rollout] = await engine.generate(
          promptRequest(prompt, { firstRollout, numRollouts: 1 }),
        );
        expect(rolloutBits(rollout!)).toEqual(expected[prompt]![firstRollout]);
      });
      await Promise.all(batch);
    }
    await engine.close();
  }
});

test('rollouts that join one by one as slots come free are the same', async () => {
  const model = models['qwen3, vocabulary 18, a key head each']!;
  const results: string[][][] = [];
  for (const slots of [1, 2, 3, 7, 16, 40]) {
    const engine = await startEngine(model, slots);
    results.push(await generateAll(engine, prompts.toReversed()));
    await engine.close();
  }
  for (const result of results) expect(result).toEqual(results[0]);
});

test('requests that arrive while others decode change nothing', async () => {
  const model = models['qwen3, vocabulary 18, a key head each']!;
  const engine = await startEngine(model, 16);
  const expected = await generateAll(engine, prompts);
  const late: Promise<Rollout[]>[] = [];
  for (const prompt of prompts) {
    late.push(engine.generate(promptRequest(prompt)));
    await engine.stats(); // a round trip lets some steps pass
  }
  const rollouts = await Promise.all(late);
  expect(rollouts.map((group) => group.map(rolloutBits))).toEqual(expected);
  await engine.close();
});

test('a prompt of several chunks and a long response are the same in any company', async () => {
  const model = smallModel({ vocab_size: 101, num_key_value_heads: 4 });
  const engine = await startEngine(model, 8);
  const promptTokens = Int32Array.from({ length: 600 }, (_, i) => (i * i) % 101);
  const sampling = { maxResponseTokens: 120, stopTokenIds: [] };
  const long = () => engine.generate(promptRequest(0, { promptTokens, numRollouts: 2, sampling }));
  const alone = (await long()).map(rolloutBits);
  await engine.setWeights(1, initialWeights(model, 3)); // forgets the prompt
  const [together] = await Promise.all([
    long(),
    ...prompts.map((p) => engine.generate(promptRequest(p))),
  ]);
  expect(together.map(rolloutBits)).toEqual(alone);
  await engine.close();
});

test('greedy, cut and plain rollouts of two weight versions share an engine and stay themselves', async () => {
  const model = smallModel({ vocab_size: 97 });
  const engine = await startEngine(model, 24);
  await engine.setWeights(2, initialWeights(model, 4));
  const kinds = [{ temperature: 0 }, { topK: 5 }, { topP: 0.9 }, { topK: 20, topP: 0.8 }, {}];
  const requests = [1, 2].flatMap((weightVersion) =>
    kinds.map((sampling) => promptRequest(4, { weightVersion, sampling })),
  );
  const alone: string[][] = [];
  for (const request of requests) alone.push((await engine.generate(request)).map(rolloutBits));
  const together = await Promise.all(requests.map((request) => engine.generate(request)));
  expect(together.map((group) => group.map(rolloutBits))).toEqual(alone);
  expect(new Set(alone.map((bits) => bits.join())).size).toBe(requests.length);
  await engine.close();
});
