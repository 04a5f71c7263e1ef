import { MgrpoError } from '@mgrpo/errors';
import fc from 'fast-check';
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
  [{ model_type: 'mixtral' }, 'it must be one of qwen3, qwen2, llama'],
  [{ architectures: ['LlamaForSequenceClassification'] }, 'is ["LlamaForCausalLM"]'],
  [{ hidden_act: 'gelu' }, 'hidden_act "gelu"'],
  [{ attention_bias: true }, 'attention_bias is not supported'],
  [{ mlp_bias: true }, 'mlp_bias is not supported'],
  [{ use_sliding_window: true }, 'use_sliding_window is not supported'],
  [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types has "sliding_attention"'],
  [{ layer_types: 'full_attention' }, 'layer_types is "full_attention", not a list'],
  [{ quantization_config: { quant_method: 'fp8' } }, 'quantization_config ("fp8")'],
  [{ partial_rotary_factor: 0.25 }, 'partial_rotary_factor 0.25'],
  [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_type "yarn"'],
  [{ rope_scaling: 'linear' }, 'rope_scaling is no object'],
  [{ rope_theta: 0 }, 'rope_theta is 0'],
  [{ num_hidden_layers: 10 ** 9 }, 'num_hidden_layers 1000000000 is more than 4096'],
  [{ hidden_size: 2 ** 40 }, 'hidden_size is 1099511627776'],
  [{ eos_token_id: 'x' }, 'eos_token_id'],
])('%j is refused by name', (fields, message) => {
  expect(() => parseModelConfig({ ...llama, ...fields })).toThrow(message);
});

test('options that change nothing are read over', () => {
  const plain = parseModelConfig({ ...llama, model_type: 'qwen2' });
  const spelled = parseModelConfig({
    ...llama,
    model_type: 'qwen2',
    architectures: ['Qwen2ForCausalLM'],
    attention_bias: true,
    use_sliding_window: false,
    sliding_window: 4096,
    max_window_layers: 28,
    layer_types: ['full_attention', 'full_attention'],
    quantization_config: null,
    partial_rotary_factor: 1,
    rope_scaling: { rope_type: 'default' },
    torch_dtype: 'bfloat16',
  });
  expect(spelled).toEqual(plain);
});

test("a head dim that is not written is the architecture's own", () => {
  const headDim = (type: string) => parseModelConfig({ ...llama, model_type: type }).headDim;
  expect(['qwen3', 'qwen2', 'llama'].map(headDim)).toEqual([128, 12, 12]);
});

test('whatever stands in a field, it is read or refused by name', () => {
  const names = [
    ...Object.keys(llama),
    ...['num_key_value_heads', 'head_dim', 'rms_norm_eps', 'rope_theta', 'rope_scaling'],
    ...['rope_parameters', 'layer_types', 'quantization_config', 'architectures'],
    ...['eos_token_id', 'tie_word_embeddings', 'attention_bias', 'hidden_act', '__proto__'],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
      const json = JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`);
      try {
        const config = parseModelConfig({ ...llama, ...json });
        expect(Number.isSafeInteger(config.numHeads * config.headDim)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(MgrpoError);
        expect(error).toMatchObject({ code: 'INVALID_MODEL' });
      }
    }),
  );
});

test('what is not an object is refused', () => {
  expect(() => parseModelConfig([])).toThrow('not a JSON object');
});
