import { expect, test } from 'vitest';
import { parseModelConfig } from './config.ts';
import { weightArrays, weightViews } from './graph-weights.ts';
import { numParameters, parameterSpecs } from './parameters.ts';

const config = (type: string, tied: boolean) =>
  parseModelConfig({
    model_type: type,
    vocab_size: 97,
    hidden_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 80,
    max_position_embeddings: 128,
    tie_word_embeddings: tied,
  });

test.each([
  ['qwen3', true],
  ['qwen2', false],
  ['llama', false],
] as const)('the weight views of %s cover the flat weights exactly, in order', (type, tied) => {
  const model = config(type, tied);
  const flat = Float32Array.from({ length: numParameters(model) }, (_, i) => i);
  const covered = weightArrays(model, flat).flatMap(({ data }) => [...data]);
  expect(covered.length).toBe(flat.length);
  expect(covered).toEqual([...flat]);
});

test('q, k and v are adjacent, so that the fused product is a view', () => {
  const specs = parameterSpecs(config('qwen3', true));
  const [q, k, v] = ['q', 'k', 'v'].map(
    (n) => specs.find((s) => s.name === `model.layers.1.self_attn.${n}_proj.weight`)!,
  );
  expect([k!.offset, v!.offset]).toEqual([q!.offset + q!.size, k!.offset + k!.size]);
});

test('tied embeddings are one weight', () => {
  const weights = weightViews(config('qwen3', true));
  expect(weights.head).toBe(weights.embedding);
  expect(numParameters(config('qwen3', false)) - numParameters(config('qwen3', true))).toBe(
    97 * 48,
  );
});
