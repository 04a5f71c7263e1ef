import { expect, test } from 'vitest';
import { parseModelConfig } from './config.ts';
import { largestOfGeneration, largestOfTraining } from './largest-tensor.ts';
import { numParameters } from './parameters.ts';

/** Qwen3-8B's shapes. */
const config = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 151_936,
  hidden_size: 4096,
  head_dim: 128,
  num_hidden_layers: 36,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 12_288,
  max_position_embeddings: 40_960,
  tie_word_embeddings: false,
});

test('the largest tensor of generation is the embedding, or the cache of many long rollouts', () => {
  expect(largestOfGeneration(config, { slots: 8, maxTokens: 3584 })).toEqual({
    name: 'the tensor model.embed_tokens.weight',
    bytes: 151_936 * 4096 * 4,
  });
  expect(largestOfGeneration(config, { slots: 128, maxTokens: 3584 })).toEqual({
    name: "a layer's cache of 128 slots × 3584 tokens, twice,",
    bytes: 2 * 128 * 3584 * 8 * 128 * 4,
  });
});

test('that of training is the gradient', () => {
  expect(largestOfTraining(config).bytes).toBe(4 * numParameters(config));
});
