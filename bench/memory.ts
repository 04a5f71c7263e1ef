/**
 * Peak resident memory of a training step against the length of its one response.
 *
 *   node bench/memory.ts [recompute=layers] [layers=2] [tokens=3072] [vocabulary=151936] [rank=0] [reference=none]
 *
 * The model has the shapes of Qwen3-0.6B but `layers` of its layers, and random weights. One JSON line: the
 * operating system's peak during the step, what of it is above programs and state (policy, momentum model,
 * gradient, two moments; with a `rank`, an adapter and the weights under it), and what `gradientPassBytes` says of
 * that; MiB. Every measurement is a process of its own. CPU seconds, since others may use the machine.
 *
 * With `reference=memory` the step has a KL towards the initial weights, which are no part of that state; with
 * `reference=disk` they lie in a temporary folder, in float32, and `scoringCpuSeconds` is what the pass over the
 * reference takes, beside one with weights in memory.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterTargets } from '@mgrpo/algorithm';
import { saveModelFolder } from '@mgrpo/checkpoint';
import {
  initialAdapter,
  numAdapterParameters,
  numParameters,
  parseModelConfig,
} from '@mgrpo/model';
import {
  gradientPassBytes,
  initialTrainerState,
  type Recompute,
  type ScoringWeights,
  storedReference,
  Trainer,
  type TrainingLoss,
} from '@mgrpo/training';
import { qwenConfigJson, randomWeights } from './bench-model.ts';

const argument = (name: string, value: string): string =>
  process.argv.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1) ?? value;

const numTokens = Number(argument('tokens', '3072'));
const recompute = argument('recompute', 'layers') as Recompute;
const place = argument('reference', 'none') as 'none' | 'memory' | 'disk';
const configJson = qwenConfigJson({
  numLayers: Number(argument('layers', '2')),
  vocabSize: Number(argument('vocabulary', '151936')),
});
const model = parseModelConfig(configJson);

const rank = Number(argument('rank', '0'));
const adapter = rank === 0 ? null : { rank, alpha: 2 * rank, targets: adapterTargets };

/** A line of Linux's /proc/self/status in MiB: VmRSS is resident now, VmHWM the most since the last reset. */
function residentMib(line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Math.round(Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
}

/** The KL reference, or the weights under an adapter. */
async function referenceAt(folder: string) {
  if (place === 'disk') {
    await saveModelFolder(folder, { configJson, weights, tokenizerFolder: folder });
    return storedReference(model, folder, weights);
  }
  return place === 'memory' || adapter !== null ? weights.slice() : null;
}

const withKl: TrainingLoss = {
  kind: 'policy',
  clipRatio: 0.2,
  klCoefficient: 0.005,
  importance: null,
  aggregation: 'token-mean',
  klReference: 'initial',
};
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-memory-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const programsMib = residentMib('VmRSS');
const weights = randomWeights(model);
const trainer = await Trainer.open({
  model,
  options: {
    loss: place === 'none' ? { kind: 'supervised' } : withKl,
    optimizer: {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      maxGradientNorm: 1,
    },
    temperature: 1,
    microbatchTokens: numTokens,
    recompute,
    adapter,
  },
  state: initialTrainerState(weights, adapter && initialAdapter(model, adapter, 1)),
  reference: await referenceAt(join(folder, 'base')),
  now: () => performance.now(),
});
function response(length: number) {
  return {
    promptTokens: Int32Array.of(1),
    responseTokens: Int32Array.from({ length }, (_, i) => (i * 7919) % model.vocabSize),
    behaviourLogprobs: new Float32Array(place === 'none' ? 0 : length).fill(-12),
    advantage: 1,
  };
}

function step(length: number) {
  const rates = { learningRates: [1e-6], momentumCoefficients: [0.99] };
  return trainer.step({ prompts: [[response(length)]], ...rates });
}

async function cpuSecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return Number(((user + system) / 1e6).toFixed(2));
}

/** Medians of three rounds that take turns. */
async function scoringCpuSeconds() {
  const score = (weights: ScoringWeights) => () => trainer.score([response(numTokens)], weights);
  const rounds: [number, number][] = [];
  while (rounds.length < 3) {
    rounds.push([await cpuSecondsOf(score('policy')), await cpuSecondsOf(score('reference'))]);
  }
  const median = (place: 0 | 1) => rounds.map((round) => round[place]).sort((a, b) => a - b)[1];
  return { memory: median(0), disk: median(1) };
}

// Moments and gradient are zero pages that no one has touched: a short step makes them resident.
await step(16);
writeFileSync('/proc/self/clear_refs', '5');
const cpuSeconds = await cpuSecondsOf(() => step(numTokens));
const peakMib = residentMib('VmHWM');
const parameters = numParameters(model);
const limits = { microbatchTokens: numTokens, recompute, adapter };
const estimateMib = Math.round(gradientPassBytes(model, limits, numTokens) / 2 ** 20);
const adapterParameters = adapter === null ? null : numAdapterParameters(model, adapter);
const stateBytes =
  adapterParameters === null ? parameters * 20 : parameters * 12 + adapterParameters * 16;
const stateMib = Math.round(stateBytes / 2 ** 20);
console.log(
  JSON.stringify({
    recompute,
    layers: model.numLayers,
    vocabulary: model.vocabSize,
    parameters,
    rank,
    reference: place,
    tokens: numTokens,
    programsMib,
    stateMib,
    peakMib,
    aboveMib: peakMib - stateMib - programsMib,
    estimateMib,
    cpuSeconds,
    scoringCpuSeconds: place === 'disk' ? await scoringCpuSeconds() : null,
  }),
);
await trainer.close();
