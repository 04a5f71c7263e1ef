/**
 * How far log-probabilities of rollouts by rounded weights are from the learner's, and what truncated importance
 * sampling makes of that.
 *
 *   node bench/rounded-gap.ts MODEL PROMPTS.jsonl
 *
 * One line for each rounding: tokens, mean and largest gap (nats), mean weight and share at the cap of 2. Of trained
 * weights: those of random ones say nothing, whose distributions are flat.
 */
import { readFileSync } from 'node:fs';
import { importanceMetrics, tokenImportance } from '@mgrpo/algorithm';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { GenerationEngine, type GenerationRequest, stopTokenIds } from '@mgrpo/generation';
import { rotaryTables, scoreGraph, weightArrays } from '@mgrpo/model';
import { openSession, type Session, tensor } from '@mgrpo/runtime';
import { loadTokenizer } from '@mgrpo/tokenizer';

const cap = 2;
const numPrompts = 32;
const numRollouts = 16;

const [folder, file] = process.argv.slice(2);
if (folder === undefined || file === undefined) throw new Error('give MODEL and PROMPTS.jsonl');
const { config: model, weights } = await loadModelFolder(folder);
const tokenizer = await loadTokenizer(folder);
const lines = readFileSync(file, 'utf8').split('\n').slice(0, numPrompts);
const prompts = lines.map((line) => Int32Array.from(tokenizer.encode(JSON.parse(line).prompt)));

/** The learner's log-probabilities of a response. */
async function score(
  session: Session,
  prompt: Int32Array,
  tokens: Int32Array,
): Promise<Float32Array> {
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
  promptTokens: prompts[prompt]!,
  firstRollout: 0,
  numRollouts,
  weightVersion: 0,
  sampling: {
    temperature: 1,
    topP: 1,
    topK: 0,
    maxResponseTokens: 32,
    stopTokenIds: stopTokenIds(model, tokenizer),
  },
});

const session = await openSession(scoreGraph(model), { name: 'score' });
for (const bits of [8, 4] as const) {
  for (const blockSize of [16, 32, 64, 128]) {
    const engine = await GenerationEngine.start({
      model,
      slots: numRollouts * numPrompts,
      device: 'cpu',
      quantisation: { bits, blockSize },
    });
    await engine.setWeights(0, weights);
    const gaps: number[] = [];
    const sequences = [];
    for (const [prompt, promptTokens] of prompts.entries()) {
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
