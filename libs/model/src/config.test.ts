import { expect, test } from 'vitest';
import { parseModelConfig } from './config.ts';

const llama = {
  model_type: 'llama',
  vocab_size: 97,
  hidden_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 80,
  max_position_embeddings: 128,
};

test('the spellings of transformers v4 and v5 mean the same', () => {
  const v4 = parseModelConfig({ ...llama, rope_theta: 500, rope_scaling: null, head_dim: null });
  const v5 = parseModelConfig({
    ...llama,
    rope_parameters: { rope_theta: 500, rope_type: 'default' },
  });
  expect(v4).toEqual(v5);
  expect(v4).toMatchObject({ ropeTheta: 500, headDim: 12, numKvHeads: 4, eosTokenIds: [] });
});

test('an architecture decides on q/k norms and qkv biases', () => {
  const traits = (type: string) => {
    const { qkNorm, qkvBias } = parseModelConfig({ ...llama, model_type: type });
    return { qkNorm, qkvBias };
  };
  expect(traits('qwen3')).toEqual({ qkNorm: true, qkvBias: false });
  expect(traits('qwen2')).toEqual({ qkNorm: false, qkvBias: true });
  expect(traits('llama')).toEqual({ qkNorm: false, qkvBias: false });
});

test.each([
  [{ model_type: 'mamba' }, 'model_type "mamba"'],
  [{ vocab_size: '97' }, 'vocab_size is "97"'],
  [{ num_attention_heads: undefined }, 'num_attention_heads'],
  [{ num_key_value_heads: 3 }, 'num_key_value_heads'],
  [{ num_attention_heads: 5 }, 'head_dim is 9.6'],
  [{ head_dim: 7 }, 'head_dim 7 is odd'],
  [{ hidden_act: 'gelu' }, 'hidden_act "gelu"'],
  [{ attention_bias: true }, 'attention_bias'],
  [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_type "yarn"'],
  [{ eos_token_id: 'x' }, 'eos_token_id'],
])('%j is refused by name', (fields, message) => {
  expect(() => parseModelConfig({ ...llama, ...fields })).toThrow(message);
});

test('what is not an object is refused', () => {
  expect(() => parseModelConfig([])).toThrow('not a JSON object');
});
