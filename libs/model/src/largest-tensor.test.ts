import { expect, test } from 'vitest';
import { parseModelConfig } from './config.ts';
import { largestOfGeneration, largestOfTraining } from './largest-tensor.ts';

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

test('logits are the largest where rows outnumber the numbers of a hidden state', () => {
  expect(largestOfGeneration(config, { slots: 5000, maxTokens: 8 })).toEqual({
    name: 'the logits of 5000 slots',
    bytes: 5000 * 151_936 * 4,
  });
});

test('that of training is a weight, the logits of a microbatch or its attention weights', () => {
  const of = (microbatchTokens: number, longestSequence: number) =>
    largestOfTraining(config, { microbatchTokens, longestSequence });
  expect(of(1024, 900)).toMatchObject({ name: 'the tensor model.embed_tokens.weight' });
  expect(of(8192, 3584)).toEqual({
    name: 'the logits of a microbatch of 8192 tokens (learner.microbatchTokens)',
    bytes: 8192 * 151_936 * 4,
  });
  expect(of(1024, 6144)).toEqual({
    name: "a layer's attention weights of a microbatch of 6144 tokens (learner.microbatchTokens)",
    bytes: 32 * 6144 * 6144 * 4,
  });
});
