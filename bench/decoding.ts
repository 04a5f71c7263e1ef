/**
 * Decoding speed against ONNX Runtime's own matrix product, one thread, interleaved rounds (issue 2, part H),
 * and the memory of a generation engine at the size of the default recipe.
 *
 * Run on a quiet core: `taskset -c 0 node bench/decoding.ts [rounds]`.
 */
import { GenerationEngine, type GenerationRequest } from '@mgrpo/generation';
import { initialWeights, type ModelConfig, numParameters, parseModelConfig } from '@mgrpo/model';
import { GraphBuilder, serializeGraph } from '@mgrpo/onnx';
import { openSession, type Session, tensor } from '@mgrpo/runtime';
import { benchModel, median } from './bench-model.ts';

const numRounds = Number(process.argv[2] ?? 7);
const numPrompts = 8;
const groupSize = 32;
const numResponseTokens = 32;

/** The character model of recipes/arithmetic.yaml, by size. */
const recipeModel = parseModelConfig({
  model_type: 'qwen3',
  vocab_size: 32,
  hidden_size: 96,
  head_dim: 24,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 256,
  max_position_embeddings: 128,
  tie_word_embeddings: true,
});

function request(prompt: number, numPromptTokens: number, maxTokens: number): GenerationRequest {
  return {
    stream: { seed: 1, purpose: 'train', iteration: 0, prompt, role: 'policy' },
    promptTokens: Int32Array.from({ length: numPromptTokens }, (_, i) => (prompt + i) % 32),
    firstRollout: 0,
    numRollouts: groupSize,
    weightVersion: 0,
    sampling: {
      temperature: 1.1,
      topP: 1,
      topK: 0,
      maxResponseTokens: maxTokens,
      stopTokenIds: [],
    },
  };
}

async function startEngine(model: ModelConfig): Promise<GenerationEngine> {
  const engine = await GenerationEngine.start({ model, slots: 256, device: 'cpu' });
  await engine.setWeights(0, initialWeights(model, 1));
  return engine;
}

/** Milliseconds of eight groups of 32 rollouts, prefill included. */
async function generateMs(engine: GenerationEngine, numPromptTokens: number): Promise<number> {
  const start = performance.now();
  const requests = Array.from({ length: numPrompts }, (_, prompt) =>
    engine.generate(request(prompt, numPromptTokens, numResponseTokens)),
  );
  await Promise.all(requests);
  return performance.now() - start;
}

/** A product of two 1024 x 1024 matrices; only its largest element is fetched. */
function openCeiling(): Promise<Session> {
  const g = new GraphBuilder();
  const side = (name: string) => g.input(name, 'float32', [1024, 1024]);
  g.output('largest', g.reduceMax(g.matMul(side('a'), side('b')), [0, 1]));
  return openSession(serializeGraph(g, 'ceiling'));
}

async function ceilingGflops(session: Session): Promise<number> {
  const matrix = tensor(new Float32Array(1024 * 1024).fill(0.5), [1024, 1024]);
  const times: number[] = [];
  for (let i = 0; i < 10; i++) {
    const start = performance.now();
    await session.run({ a: matrix, b: matrix });
    times.push(performance.now() - start);
  }
  return (2 * 1024 ** 3) / median(times) / 1e6;
}

async function benchSpeed(modelType: 'llama' | 'qwen3', ceiling: Session): Promise<void> {
  const model = benchModel(modelType);
  const engine = await startEngine(model);
  // The embedding is looked up, not multiplied.
  const numMultiplied = numParameters(model) - model.vocabSize * model.hiddenSize;
  const numTokens = numPrompts * groupSize * numResponseTokens;
  await generateMs(engine, 1);
  const rounds: { tokensPerSecond: number; gflops: number; ceiling: number }[] = [];
  for (let round = 0; round < numRounds; round++) {
    const before = await ceilingGflops(ceiling);
    const ms = await generateMs(engine, 1);
    const after = await ceilingGflops(ceiling);
    rounds.push({
      tokensPerSecond: (numTokens / ms) * 1000,
      gflops: (2 * numMultiplied * numTokens) / ms / 1e6,
      ceiling: (before + after) / 2,
    });
  }
  await engine.close();
  const of = (read: (round: (typeof rounds)[number]) => number): number => median(rounds.map(read));
  const share = of(({ gflops, ceiling: most }) => gflops / most);
  console.log(
    `${modelType}, batch ${numPrompts * groupSize}, 1 + ${numResponseTokens} tokens: ` +
      `${of((r) => r.tokensPerSecond).toFixed(0)} tokens/s, ${of((r) => r.gflops).toFixed(1)} GFLOP/s ` +
      `of ${of((r) => r.ceiling).toFixed(1)} = ${(100 * share).toFixed(1)} % (at least 38 % wanted)`,
  );
}

async function benchMemory(): Promise<void> {
  const beforeMb = process.memoryUsage.rss() / 2 ** 20;
  const engine = await startEngine(recipeModel);
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    await engine.setWeights(0, initialWeights(recipeModel, i));
    times.push(await generateMs(engine, 14));
  }
  const { cacheBytes } = await engine.stats();
  const residentMb = process.memoryUsage.rss() / 2 ** 20;
  console.log(
    `recipe size (${numParameters(recipeModel)} parameters), 256 slots, 14 + ${numResponseTokens} tokens: ` +
      `${median(times).toFixed(0)} ms, ${residentMb.toFixed(0)} MB resident (${beforeMb.toFixed(0)} before ` +
      `the engine), caches ${(cacheBytes / 2 ** 20).toFixed(0)} MB`,
  );
  await engine.close();
}

await benchMemory();
const ceiling = await openCeiling();
await benchSpeed('llama', ceiling);
await benchSpeed('qwen3', ceiling);
await ceiling.close();
