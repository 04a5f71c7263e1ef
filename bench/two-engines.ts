/**
 * What a second engine thread adds on this machine (issue 6, part C: at least 1.8 x on two cores). Rounds of one
 * engine and of two, each with a batch of 256, alternate.
 *
 * Run on a quiet machine: `node bench/two-engines.ts [rounds]`.
 */
import { GenerationEngine } from '@mgrpo/generation';
import { initialWeights } from '@mgrpo/model';
import { benchModel, median } from './bench-model.ts';

const numRounds = Number(process.argv[2] ?? 9);
const numTokens = 32;
const model = benchModel('llama');

async function generate(engine: GenerationEngine): Promise<void> {
  const jobs = Array.from({ length: 8 }, (_, prompt) =>
    engine.generate({
      stream: { seed: 1, purpose: 'train', iteration: 0, prompt, role: 'policy' },
      promptTokens: Int32Array.of(prompt),
      firstRollout: 0,
      numRollouts: 32,
      weightVersion: 0,
      sampling: {
        temperature: 1.1,
        topP: 1,
        topK: 0,
        maxResponseTokens: numTokens,
        stopTokenIds: [],
      },
    }),
  );
  await Promise.all(jobs);
}

async function tokensPerSecond(engines: readonly GenerationEngine[]): Promise<number> {
  const start = performance.now();
  await Promise.all(engines.map(generate));
  return (engines.length * 256 * numTokens * 1000) / (performance.now() - start);
}

const engines = await Promise.all(
  [0, 1].map(() => GenerationEngine.start({ model, slots: 256, device: 'cpu' })),
);
for (const engine of engines) await engine.setWeights(0, initialWeights(model, 1));
await tokensPerSecond(engines);
const rounds: { one: number; two: number }[] = [];
for (let round = 0; round < numRounds; round++) {
  const one = await tokensPerSecond(engines.slice(0, 1));
  rounds.push({ one, two: await tokensPerSecond(engines) });
}
for (const engine of engines) await engine.close();
const ratios = rounds.map(({ one, two }) => two / one).sort((a, b) => a - b);
console.log(
  `one engine ${median(rounds.map(({ one }) => one)).toFixed(0)} tokens/s, two ` +
    `${median(rounds.map(({ two }) => two)).toFixed(0)}: ${median(ratios).toFixed(2)} x ` +
    `[${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}] (at least 1.8 wanted)`,
);
