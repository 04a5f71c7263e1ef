/**
 * How much of ONNX Runtime's own matrix-product rate a training step reaches, on one thread.
 *
 *   taskset -c 0 node bench/training-step.ts [rounds]
 *
 * A step is all of it: forward, loss, backward, the fetched gradient, clipping, AdamW and EMA. Rounds of
 * steps and of 1024³ products alternate, so that both see the same machine; medians are compared. Floating
 * point operations are counted as usual: 6 per weight and token outside the embedding, and 12 T² per layer,
 * sequence and attention width (causal masking is not deducted).
 */
import { type ModelConfig, numParameters } from '@mgrpo/model';
import { GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import { openSession, tensor } from '@mgrpo/runtime';
import { benchModel, makeBatch, median, openTrainer } from './bench-model.ts';

const numSequences = 32;
const numTokens = 48;
const target = 0.6;

const model = benchModel('llama');

function stepFlops(config: ModelConfig): number {
  const { vocabSize, hiddenSize, numLayers, numHeads, headDim } = config;
  const weights = numParameters(config) - vocabSize * hiddenSize;
  const attention = 12 * numLayers * numSequences * numTokens ** 2 * numHeads * headDim;
  return 6 * weights * numSequences * numTokens + attention;
}

async function openProduct(size: number): Promise<() => Promise<unknown>> {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', [size, size]);
  g.output('max', g.reduceMax(g.matMul(a, g.input('b', 'float32', [size, size])), [0, 1]));
  const session = await openSession(serializeGraph(g, 'product'));
  const matrix = tensor(new Float32Array(size * size).fill(0.5), [size, size]);
  return () => session.run({ a: matrix, b: matrix });
}

async function millisecondsEach(count: number, run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await run();
  return (performance.now() - start) / count;
}

const rounds = Number(process.argv[2] ?? 11);
const trainer = await openTrainer(model, numSequences * numTokens);
const batch = makeBatch(model, { numSequences, numTokens });
const step = () => trainer.step(batch);
const product = await openProduct(1024);
await millisecondsEach(3, step);
await millisecondsEach(3, product);
const stepMs: number[] = [];
const productMs: number[] = [];
for (let round = 0; round < rounds; round++) {
  stepMs.push(await millisecondsEach(3, step));
  productMs.push(await millisecondsEach(5, product));
}
const stepRate = stepFlops(model) / median(stepMs) / 1e6;
const productRate = (2 * 1024 ** 3) / median(productMs) / 1e6;
const result = {
  parameters: numParameters(model),
  stepMs: Number(median(stepMs).toFixed(1)),
  tokensPerSecond: Math.round((numSequences * numTokens * 1000) / median(stepMs)),
  stepGflops: Number(stepRate.toFixed(1)),
  productGflops: Number(productRate.toFixed(1)),
  ratio: Number((stepRate / productRate).toFixed(3)),
  target,
};
console.log(JSON.stringify(result));
await trainer.close();
process.exitCode = result.ratio >= target ? 0 : 1;
