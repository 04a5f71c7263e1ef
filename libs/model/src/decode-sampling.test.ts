import { openSession, type Session, tensor } from '@mgrpo/runtime';
import { expect, inject, test } from 'vitest';
import { parseModelConfig } from './config.ts';
import { sampleGraph } from './decode-graph.ts';
import type { SamplerOptions } from './decode-sampling.ts';

/** With one hidden number of 1 the head's rows are the logits. */
async function openSampler(vocabSize: number, options: Partial<SamplerOptions> = {}) {
  const config = parseModelConfig({
    model_type: 'llama',
    vocab_size: vocabSize,
    hidden_size: 1,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    head_dim: 2,
    intermediate_size: 1,
    max_position_embeddings: 8,
  });
  const { target = 'cpu' } = options;
  const defaults = { candidates: 'all', numTokens: vocabSize, selfCertainty: false } as const;
  const graph = sampleGraph(config, { ...defaults, ...options, target });
  return openSession(graph, { name: `sample-${vocabSize}`, device: target });
}

interface Row {
  readonly u: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
}

async function draw(session: Session, logits: Float32Array, rows: readonly Row[]) {
  const column = (read: (row: Row) => number) =>
    tensor(Float32Array.from(rows, read), [rows.length, 1]);
  const isCut = session.inputNames.includes('topK');
  const outputs = await session.run({
    hidden: column(() => 1),
    head: tensor(logits, [logits.length, 1]),
    uniforms: column(({ u }) => u),
    inverseTemperatures: column(({ temperature = 1 }) => 1 / temperature),
    ...(isCut && {
      topK: column(({ topK }) => topK ?? 1e9),
      topP: column(({ topP }) => topP ?? 1),
    }),
  });
  return {
    tokens: Array.from(outputs.nextTokens!.data as BigInt64Array, Number),
    logprobs: outputs.logprobs!.data as Float32Array,
    entropies: outputs.entropies!.data as Float32Array,
    selfCertainties: (outputs.selfCertainties?.data ?? null) as Float32Array | null,
  };
}

/** Natural log-probabilities in float64. */
function logSoftmax(logits: Float32Array, temperature: number): number[] {
  const scaled = Array.from(logits, (z) => z / temperature);
  const largest = Math.max(...scaled);
  const sum = scaled.reduce((total, z) => total + Math.exp(z - largest), 0);
  return scaled.map((z) => z - largest - Math.log(sum));
}

const wave = (size: number) => Float32Array.from({ length: size }, (_, i) => 3 * Math.sin(i * i));
const largestUniform = 1 - 2 ** -24;

test.each([15, 18, 97, 128, 129, 512, 1000])(
  'with %i tokens the draw inverts the cumulative distribution',
  async (size) => {
    const session = await openSampler(size);
    const logits = wave(size);
    const temperature = 1.1;
    const expected = logSoftmax(logits, temperature);
    const uniforms = Array.from({ length: 400 }, (_, i) => Math.fround((i + 0.37) / 400));
    const rows = [...uniforms, 0, largestUniform].map((u) => ({ u, temperature }));
    const { tokens, logprobs, entropies } = await draw(session, logits, rows);
    await session.close();
    const entropy = -expected.reduce((sum, lp) => sum + Math.exp(lp) * lp, 0);
    rows.forEach(({ u }, row) => {
      const token = tokens[row]!;
      const before = expected.slice(0, token).reduce((sum, lp) => sum + Math.exp(lp), 0);
      const after = before + Math.exp(expected[token]!);
      expect(u).toBeGreaterThan(before - 1e-6);
      expect(u).toBeLessThan(after + 1e-6);
      expect(logprobs[row]).toBeCloseTo(expected[token]!, 5);
      expect(entropies[row]).toBeCloseTo(entropy, 5);
    });
    expect(tokens.at(-2)).toBe(0);
    expect(tokens.at(-1)).toBe(size - 1);
  },
);

test.each([15, 16, 18, 97, 128, 129, 512, 1000])(
  'with %i tokens self-certainty is the divergence from uniform, whatever the padding and the row',
  async (size) => {
    const session = await openSampler(size, { selfCertainty: true });
    const logits = wave(size);
    const temperature = 1.1;
    const rows = Array.from({ length: 9 }, (_, i) => ({ u: i / 9, temperature }));
    const { selfCertainties } = await draw(session, logits, rows);
    await session.close();
    // logsumexp(z) - mean(z) - log V of z = logits / temperature.
    const mean = logits.reduce((sum, z) => sum + z / temperature, 0) / size;
    const logSumExp = Math.log(logits.reduce((sum, z) => sum + Math.exp(z / temperature), 0));
    expect(selfCertainties![0]).toBeCloseTo(logSumExp - mean - Math.log(size), 5);
    expect(new Set(selfCertainties)).toHaveLength(1);
  },
);

test('self-certainty of equally likely tokens is 0 at a large vocabulary, of a certain one large', async () => {
  const size = 151_936;
  const session = await openSampler(size, { selfCertainty: true });
  const uniform = await draw(session, new Float32Array(size), [{ u: 0.5 }, { u: 0.1 }]);
  const certain = new Float32Array(size);
  certain[7] = 40;
  const sure = await draw(session, certain, [{ u: 0.5 }, { u: 0.1 }]);
  await session.close();
  expect(uniform.selfCertainties![0]).toBeCloseTo(0, 3);
  // logsumexp is 40, the mean 40 / V.
  expect(sure.selfCertainties![0]).toBeCloseTo(40 - Math.log(size), 3);
});

test('the tail of 151,936 equally likely tokens is drawn where it lies', async () => {
  const size = 151_936;
  const session = await openSampler(size);
  const wanted = [0, 1, 75_968, 151_000, 151_807, 151_808, 151_934, 151_935];
  const rows = [...wanted.map((token) => ({ u: (token + 0.5) / size })), { u: largestUniform }];
  const { tokens, logprobs, entropies } = await draw(session, new Float32Array(size), rows);
  await session.close();
  wanted.forEach((token, row) => {
    expect(Math.abs(tokens[row]! - token)).toBeLessThanOrEqual(1);
  });
  expect(tokens.at(-1)).toBe(size - 1);
  expect(logprobs[0]).toBeCloseTo(-Math.log(size), 4);
  // ONNX Runtime's LogSoftmax sums 151,936 float32 numbers to 1e-5; the learner's entropy has it too.
  expect(entropies[0]).toBeCloseTo(Math.log(size), 3);
});

test('ids beyond the tokenizer are never drawn, yet count in log-probability and entropy', async () => {
  const size = 151_936;
  const numTokens = 151_669;
  const session = await openSampler(size, { numTokens });
  const logits = new Float32Array(size);
  logits[numTokens] = 12; // a reserved id is by far the most likely one
  const rows = [{ u: largestUniform }, { u: 0.5 }, { u: -1 }];
  const { tokens, logprobs } = await draw(session, logits, rows);
  await session.close();
  const total = size - 1 + Math.exp(12);
  expect(tokens[0]).toBe(numTokens - 1);
  expect(Math.abs(tokens[1]! - numTokens / 2)).toBeLessThanOrEqual(1);
  expect(tokens[2]).toBe(0);
  expect(logprobs[1]).toBeCloseTo(-Math.log(total), 4);
});

test('a token of no probability is not drawn at either end', async () => {
  for (const size of [16, 300]) {
    const session = await openSampler(size);
    const logits = new Float32Array(size).fill(-1000);
    logits[7] = 0;
    logits[9] = 0;
    const { tokens } = await draw(session, logits, [{ u: 0 }, { u: 0.75 }, { u: largestUniform }]);
    await session.close();
    expect(tokens).toEqual([7, 9, 9]);
  }
});

test('a negative random number takes the first most likely token', async () => {
  const session = await openSampler(18);
  const logits = wave(18);
  logits[5] = 4;
  logits[11] = 4;
  const { tokens, logprobs } = await draw(session, logits, [{ u: -1 }, { u: 0.999 }]);
  await session.close();
  expect(tokens[0]).toBe(5);
  expect(logprobs[0]).toBeCloseTo(logSoftmax(logits, 1)[5]!, 5);
});

test('top-k keeps the k most likely, top-p the fewest that reach the share, of what top-k left', async () => {
  // Probabilities 0.4, 0.3, 0.2, 0.1 of tokens 3, 0, 2, 1.
  const logits = Float32Array.from([0.3, 0.1, 0.2, 0.4], Math.log);
  const session = await openSampler(4, { candidates: 4 });
  const many = Array.from({ length: 200 }, (_, i) => (i + 0.5) / 200);
  const kept = async (cut: { topK?: number; topP?: number }) => {
    const { tokens, logprobs } = await draw(
      session,
      logits,
      many.map((u) => ({ u, ...cut })),
    );
    for (const [i, token] of tokens.entries()) expect(logprobs[i]).toBeCloseTo(logits[token]!, 5);
    return [3, 0, 2, 1].map((id) => tokens.filter((token) => token === id).length);
  };
  expect(await kept({})).toEqual([80, 60, 40, 20]);
  expect(await kept({ topK: 1 })).toEqual([200, 0, 0, 0]);
  expect(await kept({ topK: 2 })).toEqual([114, 86, 0, 0]);
  expect(await kept({ topP: 0.3 })).toEqual([200, 0, 0, 0]);
  expect(await kept({ topP: 0.69 })).toEqual([114, 86, 0, 0]);
  expect(await kept({ topP: 0.8 })).toEqual([89, 67, 44, 0]);
  expect(await kept({ topK: 3, topP: 0.7 })).toEqual([114, 86, 0, 0]);
  await session.close();
});

test.skipIf(!inject('hasWebGpu'))('WebGPU draws what the CPU does', async () => {
  const size = 300;
  const logits = wave(size);
  // Not on the edge between two tokens, where the last bit decides.
  const uniforms = Array.from({ length: 20 }, (_, i) => Math.fround((i + 0.37) / 20));
  const greedy = { u: -1 };
  const rows = [greedy, ...[...uniforms, 0].map((u) => ({ u, topK: 20, topP: 0.9 }))];
  for (const candidates of ['all', 64] as const) {
    const options = { candidates, numTokens: size - 30, selfCertainty: true };
    const drawn = [];
    for (const target of ['cpu', 'webgpu'] as const) {
      const session = await openSampler(size, { ...options, target });
      drawn.push(await draw(session, logits, rows));
      await session.close();
    }
    const [cpu, webGpu] = drawn;
    expect(webGpu!.tokens).toEqual(cpu!.tokens);
    for (const [row, logprob] of cpu!.logprobs.entries()) {
      expect(webGpu!.logprobs[row]).toBeCloseTo(logprob, 5);
      expect(webGpu!.entropies[row]).toBeCloseTo(cpu!.entropies[row]!, 5);
      expect(webGpu!.selfCertainties![row]).toBeCloseTo(cpu!.selfCertainties![row]!, 5);
    }
  }
});
