import { expect, test } from 'vitest';
import { type CompletionSettings, completionBody } from './completion.ts';

const request = {
  promptTokens: Int32Array.of(5, 6),
  seed: 77,
  sampling: { temperature: 1.1, topP: 0.9, topK: 0, maxResponseTokens: 9, stopTokenIds: [1, 2] },
};
const settings: CompletionSettings = {
  model: 'qwen',
  dialect: 'vllm',
  topLogprobs: 5,
  vocabSize: 10,
};

test('every sampling option is spelled out, so that no server takes its own', () => {
  expect(completionBody(request, settings)).toEqual({
    model: 'qwen',
    prompt: [5, 6],
    n: 1,
    seed: 77,
    max_tokens: 9,
    temperature: 1.1,
    top_p: 0.9,
    top_k: -1,
    min_p: 0,
    repetition_penalty: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    stop_token_ids: [1, 2],
    logprobs: 5,
    return_token_ids: true,
    return_tokens_as_token_ids: true,
    skip_special_tokens: false,
  });
});

test('SGLang is asked to keep the stop token', () => {
  const sampling = { ...request.sampling, topK: 3 };
  const body = completionBody({ ...request, sampling }, { ...settings, dialect: 'sglang' });
  expect(body).toMatchObject({ top_k: 3, no_stop_trim: true });
  expect(body).not.toHaveProperty('return_tokens_as_token_ids');
});
