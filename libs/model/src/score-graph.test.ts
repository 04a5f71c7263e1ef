import { openSession, tensor } from '@mgrpo/runtime';
import { expect, test } from 'vitest';
import { parseModelConfig } from './config.ts';
import { weightArrays } from './graph-weights.ts';
import { initialWeights } from './initial-weights.ts';
import { rotaryTables } from './rotary.ts';
import { scoreGraph } from './score-graph.ts';

const modelOf = (vocabSize: number) =>
  parseModelConfig({
    model_type: 'qwen3',
    vocab_size: vocabSize,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 48,
    max_position_embeddings: 32,
    tie_word_embeddings: true,
  });

test.each([15, 18, 97, 101, 512])(
  'at vocabulary %i a token scores the same bits in every row of the batch',
  async (vocabSize) => {
    const model = modelOf(vocabSize);
    const session = await openSession(scoreGraph(model));
    const [numSequences, numTokens] = [7, 5];
    const weights = weightArrays(model, initialWeights(model, 3));
    const { cos, sin, dims } = rotaryTables(model, 32);
    const numRows = numSequences * numTokens;
    const ids = Array.from({ length: numRows }, (_, i) =>
      BigInt((7 * (i % numTokens)) % vocabSize),
    );
    const outputs = await session.run({
      ...Object.fromEntries(weights.map((w) => [w.name, tensor(w.data, w.dims)])),
      cos: tensor(cos, dims),
      sin: tensor(sin, dims),
      tokens: tensor(BigInt64Array.from(ids), [numSequences, numTokens]),
      rows: tensor(
        BigInt64Array.from(ids, (_, i) => BigInt(i)),
        [numRows],
      ),
      targets: tensor(BigInt64Array.from(ids), [numRows]),
      temperature: tensor(Float32Array.of(1.1), [1]),
    });
    for (const name of ['logprobs', 'entropies']) {
      const values = [...(outputs[name]!.data as Float32Array)];
      const first = values.slice(0, numTokens);
      expect(values).toEqual(Array.from({ length: numSequences }, () => first).flat());
    }
    await session.close();
  },
);

test('initial weights are a function of the seed, with norms of 1', () => {
  const model = modelOf(18);
  const weights = initialWeights(model, 5);
  expect(initialWeights(model, 5)).toEqual(weights);
  expect(initialWeights(model, 6)).not.toEqual(weights);
  const norm = weightArrays(model, weights).find(({ name }) => name === 'layer0.qNorm')!;
  expect([...norm.data]).toEqual(new Array<number>(16).fill(1));
});
