import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@mgrpo/config';
import { parseModelConfig } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { passLimits } from './recompute.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const arithmetic = parseModelConfig(
  JSON.parse(readFileSync(join(root, 'models/arithmetic-base/config.json'), 'utf8')),
);
const qwen3 = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 151_936,
  hidden_size: 1024,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 3072,
  max_position_embeddings: 40_960,
  tie_word_embeddings: true,
});

const settings = (...assignments: string[]) =>
  loadRunConfig({
    file: join(root, 'recipes/arithmetic.yaml'),
    environment: {},
    overrides: assignments.map((assignment) => ({ flag: '--set', assignment })),
  });

test('auto keeps the activations of a small model, so that its bits stay, and makes those of a large one again', () => {
  expect(passLimits(settings(), arithmetic)).toMatchObject({
    microbatchTokens: 8192,
    recompute: 'none',
  });
  expect(passLimits(settings(), qwen3).recompute).toBe('layers');
});

test('lengths and microbatches decide too, and a choice is a choice', () => {
  const long = ['sampling.maxResponseTokens=8000', 'learner.microbatchTokens=8192'];
  expect(passLimits(settings(...long), arithmetic).recompute).toBe('layers');
  expect(passLimits(settings('learner.recompute=none'), qwen3).recompute).toBe('none');
  expect(passLimits(settings('learner.device=webgpu'), qwen3).recompute).toBe('none');
  expect(passLimits(settings('learner.recompute=layers'), arithmetic).recompute).toBe('layers');
});
