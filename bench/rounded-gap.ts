/**
 * How far log-probabilities of rollouts by rounded weights are from the learner's, and what truncated importance
 * sampling makes of that.
 *
 *   node bench/rounded-gap.ts [MODEL PROMPTS.jsonl] [layers=8]
 *
 * Of a model folder with prompts (`prompt` of each line), or of random weights in the shapes of Qwen3-0.6B with fewer
 * layers. One line for each rounding: tokens, mean and largest gap (nats), mean weight and share at the cap of 2.
 */
import { readFileSync } from 'node:fs';
import { importanceMetrics, tokenImportance } from '@mgrpo/algorithm';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { GenerationEngine, type GenerationRequest } from '@mgrpo/generation';
import {
  type ModelConfig,
  parseModelConfig,
  rotaryTables,
  scoreGraph,
  weightArrays,
} from '@mgrpo/model';
import { openSession, type Session, tensor } from '@mgrpo/runtime';
import { loadTokenizer } from '@mgrpo/tokenizer';
import { qwenConfigJson, randomWeights } from './bench-model.ts';

const cap = 2;
const numPrompts = 16;
const numRollouts = 8;

interface Subject {
  readonly model: ModelConfig;
  readonly weights: Float32Array;
  readonly prompts: readonly Int32Array[];
  readonly maxResponseTokens: number;
}

async function folderSubject(folder: string, file: string): Promise<Subject> {
  const { config: model, weights } = await loadModelFolder(folder);
  const tokenizer = await loadTokenizer(folder);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, numPrompts);
  const prompts = lines.map((line) => Int32Array.from(tokenizer.encode(JSON.parse(line).prompt)));
  return { model, weights, prompts, maxResponseTokens: 32 };
}

function randomSubject(numLayers: number): Subject {
  const model = parseModelConfig(qwenConfigJson({ numLayers, vocabSize: 151_936 }));
  const prompts = Array.from({ length: 2 }, (_, i) =>
    Int32Array.from({ length: 16 }, (_, t) => 997 * i + t),
  );
  return { model, weights: randomWeights(model), prompts, maxResponseTokens: 12 };
}

const [folder, file] = process.argv.slice(2).filter((argument) => !argument.includes('='));
const layers = Number(process.argv.find((text) => text.startsWith('layers='))?.slice(7) ?? 8);
const subject =
  folder === undefined ? randomSubject(layers) : await folderSubject(folder, file ?? '');

/** The learner's log-probabilities of a response. */
async function score(
  session: Session,
  prompt: Int32Array,
  tokens: Int32Array,
): Promise<Float32Array> {
  const { model, weights } = subject;
  const all = BigInt64Array.from([...prompt, ...tokens], BigInt);
  const { cos, sin, dims } = rotaryTables(model, all.length);
  const feeds = {
    tokens: tensor(all, [1, all.length]),
    rows: tensor(
      BigInt64Array.from(tokens, (_, t) => BigInt(prompt.length - 1 + t)),
      [tokens.length],
    ),
    targets: tensor(BigInt64Array.from(tokens, BigInt), [tokens.length]),
    temperature: tensor(Float32Array.of(1), [1]),
    cos: tensor(cos, dims),
    sin: tensor(sin, dims),
    ...Object.fromEntries(
      weightArrays(model, weights).map(({ name, data, dims: shape }) => [
        name,
        tensor(data, shape),
      ]),
    ),
  };
  const { logprobs } = await session.run(feeds, ['logprobs']);
  return logprobs!.data as Float32Array;
}

const request = (prompt: number): GenerationRequest => ({
  stream: { seed: 1, purpose: 'train', iteration: 0, prompt, role: 'policy' },
  promptTokens: subject.prompts[prompt]!,
  firstRollout: 0,
  numRollouts,
  weightVersion: 0,
  sampling: {
    temperature: 1,
    topP: 1,
    topK: 0,
    maxResponseTokens: subject.maxResponseTokens,
    stopTokenIds: [],
  },
});

const session = await openSession(scoreGraph(subject.model), { name: 'score' });
for (const bits of [8, 4] as const) {
  for (const blockSize of [16, 32, 64, 128]) {
    const engine = await GenerationEngine.start({
      model: subject.model,
      slots: numRollouts * numPrompts,
      device: 'cpu',
      quantisation: { bits, blockSize },
    });
    await engine.setWeights(0, subject.weights);
    const gaps: number[] = [];
    const sequences = [];
    for (const [prompt, promptTokens] of subject.prompts.entries()) {
      for (const { tokens, logprobs: behaviour } of await engine.generate(request(prompt))) {
        const logprobs = await score(session, promptTokens, tokens);
        gaps.push(...logprobs.map((logprob, t) => Math.abs(logprob - behaviour[t]!)));
        sequences.push({ importance: tokenImportance(logprobs, behaviour, { cap }) });
      }
    }
    await engine.close();
    const { mean, truncated } = importanceMetrics(sequences, { cap })!;
    const gap = gaps.reduce((a, b) => a + b) / gaps.length;
    console.log(
      `${bits} bits, blocks of ${blockSize}: ${gaps.length} tokens, gap ${gap.toExponential(1)}, ` +
        `largest ${gaps.reduce((a, b) => Math.max(a, b)).toFixed(2)}, mean weight ${mean.toFixed(4)}, ` +
        `at the cap ${(100 * truncated).toFixed(2)} %`,
    );
  }
}
await session.close();
