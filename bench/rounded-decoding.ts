/**
 * Decoding with rounded weights against float32, side by side.
 *
 *   node bench/rounded-decoding.ts [layers=8] [vocabulary=151936] [rounds=5] [batches=1,8,64] [tokens=24] [block=32]
 *
 * The shapes are those of Qwen3-0.6B with fewer layers, and random weights. Of each round all engines decode the same
 * prompt, one after the other, one thread; what is told are medians of rounds, tokens a second, and the medians of
 * the rounds' ratios to float32. `version` is the time from a weight version's arrival to its first rollout's token.
 */
import { GenerationEngine, type GenerationRequest } from '@mgrpo/generation';
import { parseModelConfig } from '@mgrpo/model';
import { median, qwenConfigJson, randomWeights } from './bench-model.ts';

const argument = (name: string, value: string): string =>
  process.argv.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? value;

const numRounds = Number(argument('rounds', '5'));
const numTokens = Number(argument('tokens', '24'));
const batches = argument('batches', '1,8,64').split(',').map(Number);
const blockSize = Number(argument('block', '32'));
const model = parseModelConfig(
  qwenConfigJson({
    numLayers: Number(argument('layers', '8')),
    vocabSize: Number(argument('vocabulary', '151936')),
  }),
);

const request = (numRollouts: number, maxResponseTokens: number): GenerationRequest => ({
  stream: { seed: 1, purpose: 'train', iteration: 0, prompt: 0, role: 'policy' },
  promptTokens: Int32Array.from({ length: 16 }, (_, i) => i),
  firstRollout: 0,
  numRollouts,
  weightVersion: 0,
  sampling: { temperature: 1, topP: 1, topK: 0, maxResponseTokens, stopTokenIds: [] },
});

const kinds = {
  float32: null,
  int8: { bits: 8, blockSize },
  int4: { bits: 4, blockSize },
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

async function msOf(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

const weights = randomWeights(model);
const engines = {} as Record<Kind, GenerationEngine>;
for (const name of names) {
  const engine = await GenerationEngine.start({
    model,
    slots: Math.max(...batches),
    device: 'cpu',
    quantisation: kinds[name],
  });
  const ms = await msOf(async () => {
    await engine.setWeights(0, weights);
    await engine.generate(request(2, 2));
  });
  console.log(`${name}: version ${(ms / 1000).toFixed(1)} s`);
  engines[name] = engine;
}

for (const batch of batches) {
  const rates: Record<Kind, number[]> = { float32: [], int8: [], int4: [] };
  for (let round = 0; round < numRounds; round++) {
    for (const name of names) {
      // The prompt is there, so that only the first token comes without decoding.
      const ms = await msOf(() => engines[name].generate(request(batch, numTokens)));
      rates[name].push((batch * (numTokens - 1) * 1000) / ms);
    }
  }
  const ratio = (name: Kind): string =>
    median(rates[name].map((rate, round) => rate / rates.float32[round]!)).toFixed(2);
  console.log(
    `batch ${batch}: ${names.map((name) => `${name} ${median(rates[name]).toFixed(1)}`).join(', ')} ` +
      `tokens/s; int8 ${ratio('int8')} ×, int4 ${ratio('int4')} ×`,
  );
}
for (const engine of Object.values(engines)) await engine.close();
