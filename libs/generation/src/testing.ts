import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ModelConfig,
  parseModelConfig,
  rotaryTables,
  scoreGraph,
  weightArrays,
} from '@mgrpo/model';
import { openSession, type Tensor, tensor } from '@mgrpo/runtime';
import type { GenerationRequest, Rollout, Sampling } from './request.ts';

/** A folder beside or inside the project; the second part says why a test is skipped without it. */
export function projectFolder(path: string): { folder: string; isThere: boolean } {
  const folder = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return { folder, isThere: existsSync(folder) };
}

/** A small model: two query heads for each key head unless said otherwise. */
export function smallModel(overrides: Readonly<Record<string, unknown>> = {}): ModelConfig {
  return parseModelConfig({
    model_type: 'qwen3',
    vocab_size: 18,
    hidden_size: 48,
    head_dim: 16,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 80,
    max_position_embeddings: 1024,
    tie_word_embeddings: true,
    ...overrides,
  });
}

/** What a test wants to be different from `promptRequest`. */
export type RequestOverrides = Partial<Omit<GenerationRequest, 'sampling'>> & {
  readonly sampling?: Partial<Sampling>;
};

/** Rollouts of prompt `prompt`; prompts differ in tokens and length, responses in their limit. */
export function promptRequest(prompt: number, overrides: RequestOverrides = {}): GenerationRequest {
  return {
    stream: { seed: 5, purpose: 'train', iteration: 1, prompt, role: 'policy' },
    promptTokens: Int32Array.from(
      { length: 1 + ((prompt * 7) % 45) },
      (_, i) => (i * 5 + prompt) % 15,
    ),
    firstRollout: 0,
    numRollouts: 5,
    weightVersion: 1,
    ...overrides,
    sampling: {
      temperature: 1.1,
      topP: 1,
      topK: 0,
      maxResponseTokens: 20 + ((prompt * 9) % 70),
      stopTokenIds: [3],
      ...overrides.sampling,
    },
  };
}

/** Everything a rollout says, to the last bit, as one string. */
export function rolloutBits({ index, tokens, finishReason, ...scores }: Rollout): string {
  const { logprobs, entropies, selfCertainties } = scores;
  const hex = (array: Float32Array) =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');
  const certainty = selfCertainties === null ? '-' : hex(selfCertainties);
  return [index, tokens.join(), hex(logprobs), hex(entropies), certainty, finishReason].join(' ');
}

/** Log-probabilities and entropies of a response by the learner's full forward pass. */
export async function score(
  model: { readonly config: ModelConfig; readonly weights: Float32Array },
  prompt: Int32Array,
  { tokens }: Rollout,
  temperature: number,
) {
  const session = await openSession(scoreGraph(model.config), { name: 'score' });
  const all = BigInt64Array.from([...prompt, ...tokens], BigInt);
  const rows = BigInt64Array.from(tokens, (_, i) => BigInt(prompt.length - 1 + i));
  const { cos, sin, dims } = rotaryTables(model.config, all.length);
  const outputs = await session.run(
    {
      ...weightFeeds(model.config, model.weights),
      tokens: tensor(all, [1, all.length]),
      rows: tensor(rows, [rows.length]),
      targets: tensor(BigInt64Array.from(tokens, BigInt), [tokens.length]),
      temperature: tensor(Float32Array.of(temperature), [1]),
      cos: tensor(cos, dims),
      sin: tensor(sin, dims),
    },
    ['logprobs', 'entropies'],
  );
  await session.close();
  return outputs as { logprobs: Tensor<Float32Array>; entropies: Tensor<Float32Array> };
}

function weightFeeds(config: ModelConfig, weights: Float32Array): Record<string, Tensor> {
  const arrays = weightArrays(config, weights);
  return Object.fromEntries(arrays.map(({ name, data, dims }) => [name, tensor(data, dims)]));
}
