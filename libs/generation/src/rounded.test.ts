import { loadModelFolder } from '@mgrpo/checkpoint';
import { initialWeights, type ModelConfig, type Quantisation } from '@mgrpo/model';
import { describe, expect, test } from 'vitest';
import { GenerationEngine } from './engine.ts';
import type { Rollout } from './request.ts';
import {
  projectFolder,
  promptRequest,
  type RequestOverrides,
  rolloutBits,
  score,
  smallModel,
} from './testing.ts';

const cases: readonly { name: string; model: ModelConfig; quantisation: Quantisation }[] = [
  {
    name: 'qwen3, tied, vocabulary 97, 8 bits',
    model: smallModel({ vocab_size: 97 }),
    quantisation: { bits: 8, blockSize: 32 },
  },
  {
    name: 'qwen2, biases, widths that are no whole blocks, 4 bits',
    model: smallModel({
      model_type: 'qwen2',
      vocab_size: 101,
      hidden_size: 56,
      head_dim: 14,
      intermediate_size: 90,
    }),
    quantisation: { bits: 4, blockSize: 16 },
  },
  {
    // Its kernels compute the last of an odd number of rows in another way.
    name: 'llama, untied, 4 bits in long blocks',
    model: smallModel({ model_type: 'llama', vocab_size: 512, tie_word_embeddings: false }),
    quantisation: { bits: 4, blockSize: 64 },
  },
];
const prompts = Array.from({ length: 8 }, (_, prompt) => prompt);

interface EngineCase {
  readonly model: ModelConfig;
  readonly quantisation: Quantisation | null;
}

async function startEngine({ model, quantisation }: EngineCase, slots: number) {
  const engine = await GenerationEngine.start({ model, slots, device: 'cpu', quantisation });
  await engine.setWeights(1, initialWeights(model, 3));
  return engine;
}

const bitsOf = (rollouts: readonly Rollout[]): string[] => rollouts.map(rolloutBits);

async function generateAll(engine: GenerationEngine, overrides: RequestOverrides = {}) {
  const groups = prompts.map((prompt) => engine.generate(promptRequest(prompt, overrides)));
  return (await Promise.all(groups)).map(bitsOf);
}

describe.each(cases)('$name', (kind) => {
  test('a rollout has the same bits in batches of 1 to 39 rows', async () => {
    const engine = await startEngine(kind, 40);
    const expected = await generateAll(engine);
    for (const numRows of [1, 2, 3, 5, 8, 13, 39]) {
      const batch = Array.from({ length: numRows }, async (_, row) => {
        const prompt = (row * 3 + numRows) % prompts.length; // another order in each batch
        const firstRollout = Math.floor(row / prompts.length);
        const rollouts = await engine.generate(
          promptRequest(prompt, { firstRollout, numRollouts: 1 }),
        );
        expect(bitsOf(rollouts)).toEqual(expected[prompt]!.slice(firstRollout, firstRollout + 1));
      });
      await Promise.all(batch);
    }
    await engine.close();
  });

  test('and as slots come free, whatever their number', async () => {
    const results: string[][][] = [];
    for (const slots of [3, 16]) {
      const engine = await startEngine(kind, slots);
      results.push(await generateAll(engine));
      await engine.close();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('evaluations are those of the weights as they are, in any company', async () => {
    const rounded = await startEngine(kind, 24);
    const plain = await startEngine({ ...kind, quantisation: null }, 24);
    const stream = { ...promptRequest(0).stream, purpose: 'eval' as const };
    const [evaluated, trained] = await Promise.all([
      generateAll(rounded, { stream }),
      generateAll(rounded),
    ]);
    expect(evaluated).toEqual(await generateAll(plain, { stream }));
    expect(trained).not.toEqual(await generateAll(plain));
    await rounded.close();
    await plain.close();
  });
});

test('versions are rounded each for itself, and one that is sent again anew', async () => {
  const [kind] = cases;
  const { model } = kind!;
  const engine = await startEngine(kind!, 8);
  const first = bitsOf(await engine.generate(promptRequest(4)));
  await engine.setWeights(2, initialWeights(model, 4));
  const [again, second] = await Promise.all([
    engine.generate(promptRequest(4)),
    engine.generate(promptRequest(4, { weightVersion: 2 })),
  ]);
  expect(bitsOf(again)).toEqual(first);
  expect(bitsOf(second)).not.toEqual(first);

  // The old version goes while a rollout still uses it.
  const underWay = engine.generate(promptRequest(4));
  await engine.setWeights(1, initialWeights(model, 4));
  expect(bitsOf(await underWay)).toEqual(first);
  expect(bitsOf(await engine.generate(promptRequest(4)))).toEqual(bitsOf(second));
  await engine.dropWeights(2);
  await expect(engine.generate(promptRequest(4, { weightVersion: 2 }))).rejects.toMatchObject({
    code: 'STALE_WEIGHTS',
  });
  await engine.close();
});

test('rounding is refused on another device than the CPU', async () => {
  const options = { ...cases[0]!, slots: 2, device: 'webgpu' as const };
  await expect(GenerationEngine.start(options)).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: 'rounded weights decode on the CPU alone, not on webgpu',
  });
});

test("logprobs are close to the learner's, closer with more bits", async () => {
  const model = await loadModelFolder(projectFolder('models/arithmetic-base').folder);
  const gapOf = async (quantisation: Quantisation): Promise<number> => {
    const engine = await GenerationEngine.start({
      model: model.config,
      slots: 16,
      device: 'cpu',
      quantisation,
    });
    await engine.setWeights(1, model.weights);
    const request = promptRequest(3, {
      numRollouts: 16,
      sampling: { temperature: 1, maxResponseTokens: 40, stopTokenIds: [] },
    });
    const gaps: number[] = [];
    for (const rollout of await engine.generate(request)) {
      const { logprobs } = await score(model, request.promptTokens, rollout, 1);
      gaps.push(...rollout.logprobs.map((logprob, t) => Math.abs(logprob - logprobs.data[t]!)));
    }
    await engine.close();
    return gaps.reduce((a, b) => a + b) / gaps.length;
  };
  const int8 = await gapOf({ bits: 8, blockSize: 32 });
  const int4 = await gapOf({ bits: 4, blockSize: 32 });
  // Far beyond the rounding of float32.
  expect(int8).toBeGreaterThan(1e-3);
  expect(int8).toBeLessThan(0.03);
  expect(int4).toBeGreaterThan(3 * int8);
  expect(int4).toBeLessThan(0.4);
});
