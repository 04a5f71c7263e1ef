import { cp, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { type ModelConfig, numParameters, parameterSpecs, parseModelConfig } from '@mgrpo/model';
import { expect, onTestFinished, test } from 'vitest';
import { weightFeeds } from './model-feeds.ts';
import { openScorer } from './open-passes.ts';
import type { Recompute } from './recompute.ts';
import { StoredWeights, storedReference } from './stored-weights.ts';
import { adamwOptions, policyLoss } from './testing.ts';
import { Trainer, type TrainerInit } from './trainer.ts';
import { initialTrainerState, type TrainerState } from './trainer-state.ts';
import { TrainingEngine } from './training-engine.ts';
import type { ScoredSequence, TrainingSequence } from './training-sequence.ts';

const fixture = (name: string) => join(import.meta.dirname, '../../../test/fixtures', name);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mgrpo-stored-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Weights that bfloat16 holds exactly: the upper half of each float32. */
function asBfloat16(weights: Float32Array): Float32Array {
  const bits = new Uint32Array(weights.slice().buffer).map((word) => word & 0xffff0000);
  return new Float32Array(bits.buffer);
}

/** Writes such weights as bfloat16, in two shards with their index. */
async function writeShards(folder: string, config: ModelConfig, weights: Float32Array) {
  const specs = parameterSpecs(config);
  const halves = [specs.filter((_, i) => i % 2 === 0), specs.filter((_, i) => i % 2 === 1)];
  const shardOf: Record<string, string> = {};
  for (const [s, tensors] of halves.entries()) {
    const header: Record<string, unknown> = {};
    const parts: Uint8Array[] = [];
    let begin = 0;
    for (const { name, shape, offset, size } of tensors) {
      shardOf[name] = `model-${s}.safetensors`;
      header[name] = { dtype: 'BF16', shape, data_offsets: [begin, begin + 2 * size] };
      begin += 2 * size;
      const words = new Uint32Array(weights.slice(offset, offset + size).buffer);
      parts.push(new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer));
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    await writeFile(
      join(folder, `model-${s}.safetensors`),
      Buffer.concat([length, json, ...parts]),
    );
  }
  const index = JSON.stringify({ weight_map: shardOf });
  await writeFile(join(folder, 'model.safetensors.index.json'), index);
}

function trainingSequence({ vocabSize }: ModelConfig, index: number): TrainingSequence {
  const tokens = Int32Array.from({ length: 7 + index }, (_, i) => (3 * index + 5 * i) % vocabSize);
  return {
    promptTokens: tokens.slice(0, 3),
    responseTokens: tokens.slice(3),
    behaviourLogprobs: new Float32Array(4 + index).fill(-3),
    advantage: index % 2 === 0 ? 1 : -0.5,
  };
}

const batchOf = (model: ModelConfig) => ({
  prompts: [[0, 1, 2].map((index) => trainingSequence(model, index))],
  learningRates: [1e-2],
  momentumCoefficients: [0.9],
});

interface Base {
  readonly config: ModelConfig;
  readonly weights: Float32Array;
}

function init(
  { config, weights }: Base,
  recompute: Recompute,
  reference: TrainerInit['reference'],
  state?: TrainerState,
): Omit<TrainerInit, 'now'> {
  return {
    model: config,
    options: {
      loss: { ...policyLoss, klCoefficient: 0.1, klReference: 'initial' },
      optimizer: { ...adamwOptions, weightDecay: 0 },
      temperature: 0.9,
      microbatchTokens: 16,
      recompute,
      adapter: null,
    },
    state: state ?? initialTrainerState(weights.slice()),
    reference,
  };
}

/** The state after so many steps. */
async function trained(from: Omit<TrainerInit, 'now'>, steps: number): Promise<TrainerState> {
  const trainer = await Trainer.open({ ...from, now: () => 0 });
  try {
    for (let step = 0; step < steps; step++) await trainer.step(batchOf(from.model));
    return trainer.snapshot();
  } finally {
    await trainer.close();
  }
}

test.each(['none', 'layers'] as const)(
  'a reference on disk trains to the bits of one in memory, recompute %s',
  async (recompute) => {
    for (const name of ['tiny-qwen3', 'tiny-qwen2', 'tiny-llama']) {
      const base = await loadModelFolder(fixture(name));
      const stored = storedReference(base.config, fixture(name), base.weights);
      const expected = await trained(init(base, recompute, base.weights), 2);
      expect(await trained(init(base, recompute, stored), 2)).toEqual(expected);
      // With a KL towards the weights as they are now, it would be another step.
      const wrong = await trained(init(base, recompute, expected.policy), 2);
      expect(wrong.policy).not.toEqual(expected.policy);
    }
  },
);

test.each(['none', 'layers'] as const)(
  'shards of bfloat16 are as good as float32 in memory, recompute %s',
  async (recompute) => {
    const { config, weights: original } = await loadModelFolder(fixture('tiny-qwen2'));
    const base = { config, weights: asBfloat16(original) };
    const folder = await temporaryFolder();
    await writeShards(folder, config, base.weights);
    const stored = storedReference(config, folder, base.weights);
    const expected = await trained(init(base, recompute, base.weights), 2);
    const engine = await TrainingEngine.start(init(base, recompute, stored));
    for (const _ of [1, 2]) await engine.step(batchOf(config));
    expect(await engine.snapshot()).toEqual(expected);
    await engine.close();
  },
);

test('embedding and head that come in pieces give the scores of whole ones', async () => {
  const config = parseModelConfig({
    model_type: 'qwen3',
    vocab_size: 70_001,
    hidden_size: 64,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 24,
    max_position_embeddings: 512,
    tie_word_embeddings: true,
  });
  const numbers = { length: numParameters(config) };
  const weights = asBfloat16(
    Float32Array.from(numbers, (_, i) => ((i * 7919) % 997) / 9970 - 0.05),
  );
  const folder = await temporaryFolder();
  await writeShards(folder, config, weights);
  const sequences: ScoredSequence[] = [300, 2, 3].map((length, s) => ({
    promptTokens: Int32Array.of(s, 70_000 - s),
    responseTokens: Int32Array.from({ length }, (_, i) => (i * 7919 + s * 104_729) % 70_001),
  }));
  const scorer = await openScorer(config, { recompute: 'layers' });
  const options = { temperature: 0.9, microbatchTokens: 310 };
  const stored = new StoredWeights(config, storedReference(config, folder, weights));
  const scores = await scorer.score(stored, sequences, options);
  expect(scores[0]!.logprobs.every(Number.isFinite)).toBe(true);
  expect(scores).toEqual(await scorer.score(weightFeeds(config, weights), sequences, options));
  await scorer.close();
});

test.each(['none', 'layers'] as const)(
  'a folder that vanishes is named, and once it is back training goes on to the same bits, recompute %s',
  async (recompute) => {
    const folder = await temporaryFolder();
    await cp(fixture('tiny-qwen3'), join(folder, 'base'), { recursive: true });
    const base = await loadModelFolder(join(folder, 'base'));
    const stored = storedReference(base.config, join(folder, 'base'), base.weights);
    const trainer = await Trainer.open({ ...init(base, recompute, stored), now: () => 0 });
    const batch = batchOf(base.config);
    await trainer.step(batch);
    await rename(join(folder, 'base'), join(folder, 'elsewhere'));
    await expect(trainer.step(batch)).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringMatching(
        `can't be read from ${folder}/base: .*deployment.learner.reference disk .*put it back`,
      ),
    });
    await rename(join(folder, 'elsewhere'), join(folder, 'base'));
    await trainer.step(batch);
    const expected = await trained(init(base, recompute, base.weights), 2);
    expect(await trainer.snapshot()).toEqual(expected);
    await trainer.close();
  },
);

test.each([
  ['none', 'model.embed_tokens.weight'],
  ['none', 'model.layers.1.mlp.down_proj.weight'],
  ['layers', 'model.embed_tokens.weight'],
  ['layers', 'model.layers.0.input_layernorm.weight'],
  ['layers', 'model.layers.1.mlp.down_proj.weight'],
  ['layers', 'model.norm.weight'],
] as const)('recompute %s: one changed bit of %s stops the step', async (recompute, name) => {
  const base = await loadModelFolder(fixture('tiny-qwen3'));
  const exact = { ...base, weights: asBfloat16(base.weights) };
  const folder = await temporaryFolder();
  const { offset, size } = parameterSpecs(base.config).find((spec) => spec.name === name)!;
  const changed = exact.weights.slice();
  new Uint32Array(changed.buffer)[offset + size - 1]! ^= 0x10000;
  await writeShards(folder, base.config, changed);
  const stored = storedReference(base.config, folder, exact.weights);
  await expect(trained(init(exact, recompute, stored), 1)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining(`${folder} has another ${name} than the run began with`),
  });
});

test('a folder with another model, and one that is cut short, are refused', async () => {
  const base = await loadModelFolder(fixture('tiny-qwen3'));
  const folder = await temporaryFolder();
  const stored = storedReference(base.config, folder, base.weights);
  const stepWith = () => trained(init(base, 'layers', stored), 1);
  await cp(fixture('tiny-llama'), folder, { recursive: true });
  await expect(stepWith()).rejects.toThrow(`can't be read from ${folder}: `);
  await cp(fixture('tiny-qwen3'), folder, { recursive: true });
  const file = await open(join(folder, 'model.safetensors'), 'r+');
  await file.truncate(10_000);
  await file.close();
  await expect(stepWith()).rejects.toThrow('model.safetensors is truncated');
});
