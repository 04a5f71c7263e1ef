import { initialWeights, parseModelConfig } from '@mgrpo/model';
import { expect, test } from 'vitest';
import { globalNorm } from './adamw.ts';
import type { ReferencedSequence } from './gradient-pass.ts';
import { weightFeeds } from './model-feeds.ts';
import { openGradientPass, openScorer } from './open-passes.ts';
import type { Recompute } from './recompute.ts';
import { vocabularyChunks } from './staged-head.ts';

// Responses of several blocks of queries, and more tokens × vocabulary than a chunk holds.
const model = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 40_003,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 24,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
});
const weights = initialWeights(model, 7);

function sequence(index: number, numResponse: number): ReferencedSequence {
  const token = (i: number): number => (i * 7919 + index * 104_729) % model.vocabSize;
  return {
    promptTokens: Int32Array.from({ length: 3 + index }, (_, i) => token(i)),
    responseTokens: Int32Array.from({ length: numResponse }, (_, i) => token(i + 50)),
    behaviourLogprobs: new Float32Array(0),
    referenceLogprobs: new Float32Array(0),
    importance: null,
    advantage: index % 2 === 0 ? 1 : -0.5,
  };
}

const sequences = [sequence(0, 5), sequence(1, 300), sequence(2, 257), sequence(3, 2)];
const totals = { numTokens: 564, numSequences: 4, numPrompts: 1 };
// Not the clipped loss: float32 holds a logprob of -10.6 to 1e-6, and so its ratio.
const options = {
  loss: { kind: 'log-likelihood' },
  aggregation: 'token-mean',
  layout: 'padded',
  temperature: 0.9,
  adapter: null,
} as const;

async function gradientOf(recompute: Recompute, microbatchTokens: number, signal?: AbortSignal) {
  const pass = await openGradientPass(model, { ...options, recompute, microbatchTokens });
  try {
    return await pass.run(weightFeeds(model, weights), sequences, totals, signal);
  } finally {
    await pass.close();
  }
}

test('layers made again give the gradient of one graph', async () => {
  const whole = await gradientOf('none', 1000);
  const staged = await gradientOf('layers', 1000);
  expect(vocabularyChunks(totals.numTokens, model.vocabSize).length).toBeGreaterThan(1);
  const difference = whole.gradient.map((g, i) => g - staged.gradient[i]!);
  expect(globalNorm(difference)).toBeLessThan(1e-6 * globalNorm(whole.gradient));
  expect(Math.abs(whole.loss - staged.loss)).toBeLessThan(1e-6 * Math.abs(whole.loss));
  for (const [s, { logprobs, entropies }] of staged.scores.entries()) {
    for (const [t, logprob] of logprobs.entries()) {
      expect(Math.abs(logprob - whole.scores[s]!.logprobs[t]!)).toBeLessThan(1e-5);
      expect(Math.abs(entropies[t]! - whole.scores[s]!.entropies[t]!)).toBeLessThan(1e-5);
    }
  }
});

test('the cut into microbatches changes a gradient by rounding, and the same cut by nothing', async () => {
  const whole = await gradientOf('layers', 1000);
  const [pieces, again] = [await gradientOf('layers', 310), await gradientOf('layers', 310)];
  const difference = whole.gradient.map((g, i) => g - pieces.gradient[i]!);
  expect(globalNorm(difference)).toBeLessThan(1e-6 * globalNorm(whole.gradient));
  expect(
    Buffer.compare(Buffer.from(pieces.gradient.buffer), Buffer.from(again.gradient.buffer)),
  ).toBe(0);
});

test('the scorer says what the gradient pass says, to the bit', async () => {
  const { scores } = await gradientOf('layers', 310);
  const scorer = await openScorer(model, { recompute: 'layers' });
  const limits = { temperature: 0.9, microbatchTokens: 310 };
  expect(await scorer.score(weightFeeds(model, weights), sequences, limits)).toEqual(scores);
  await scorer.close();
});

test('a cancelled pass stops between two runs', async () => {
  await expect(gradientOf('layers', 1000, AbortSignal.abort())).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});

test('chunks of the vocabulary cover it in whole vectors, as many logits at most', () => {
  const chunks = vocabularyChunks(3072, 151_936);
  expect(chunks[0]).toEqual({ first: 0, end: 5456 });
  expect(chunks.at(-1)!.end).toBe(151_936);
  expect(chunks.every(({ first }, c) => first === (chunks[c - 1]?.end ?? 0))).toBe(true);
  expect(vocabularyChunks(1, 18)).toEqual([{ first: 0, end: 18 }]);
  expect(vocabularyChunks(2 ** 24, 40)).toEqual([
    { first: 0, end: 16 },
    { first: 16, end: 32 },
    { first: 32, end: 40 },
  ]);
});
