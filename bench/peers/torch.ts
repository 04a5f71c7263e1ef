/**
 * A training step and generation against PyTorch eager, on one thread: same weights, same work, rounds that
 * alternate, so that both see the same machine. Medians, and the ratio of each round, are printed. Times are CPU
 * times of the whole process: those of the clock on a quiet machine, and little changed by other work on it.
 *
 *   taskset -c 0 node bench/peers/torch.ts [rounds] [python]
 *
 * Needs a Python with torch: Debian's `python3-torch` with `libopenblas0-pthread` (1.13, AVX2) or PyTorch's own wheel.
 * Before anything is timed the two must agree: the loss of a step within 1e-5, 32 greedy tokens exactly.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenerationEngine, type GenerationRequest } from '@mgrpo/generation';
import { initialWeights, type ModelConfig, parameterSpecs } from '@mgrpo/model';
import type { TrainingBatch } from '@mgrpo/training';
import { benchModel, makeBatch, median, openTrainer } from '../bench-model.ts';
import { missingPackages, PeerProcess } from './peer-process.ts';

const numRounds = Number(process.argv[2] ?? 7);
const python = process.argv[3] ?? 'python3';
const temperature = 1.1;
const numTokens = 48;
const numDrawn = 32;
/** Of our gradient passes: their activations stay in the processor's cache, and larger ones are up to 1.2 x slower. */
const sequencesPerPass = 16;
const model = benchModel('llama');

interface Timed {
  readonly ms: number;
}

/** CPU milliseconds that this process takes for some work, its engine threads included. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Milliseconds of both, measured in turn. */
async function alternate(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ ours: number; theirs: number }[]> {
  const rounds = [];
  for (let round = 0; round < numRounds; round++) {
    rounds.push({ ours: await ours(), theirs: await theirs() });
  }
  return rounds;
}

function report(what: string, tokens: number, rounds: { ours: number; theirs: number }[]): void {
  const rate = (ms: number[]): string => ((tokens * 1000) / median(ms)).toFixed(0);
  const ratios = rounds.map(({ ours, theirs }) => theirs / ours).sort((a, b) => a - b);
  console.log(
    `${what}: ${rate(rounds.map(({ ours }) => ours))} tokens/s, PyTorch ` +
      `${rate(rounds.map(({ theirs }) => theirs))}: ${median(ratios).toFixed(2)} x ` +
      `[${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}]`,
  );
}

/** Gives the peer the model afresh and returns what computes there. */
async function openModel(peer: PeerProcess, config: ModelConfig): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mgrpo-bench-'));
  const weights = join(folder, 'weights');
  writeFileSync(weights, new Uint8Array(initialWeights(config, 1).buffer));
  const command = { do: 'open', config, specs: parameterSpecs(config), weights, temperature };
  const about = await peer.ask<{ version: string; blas: string; kernels: string }>(command);
  rmSync(folder, { recursive: true });
  return `PyTorch ${about.version}, ${about.blas}, ${about.kernels} kernels`;
}

function sequencesOf(batch: TrainingBatch): object[] {
  return batch.prompts.flat().map((sequence) => ({
    prompt: [...sequence.promptTokens],
    response: [...sequence.responseTokens],
    behaviour: [...sequence.behaviourLogprobs],
    advantage: sequence.advantage,
  }));
}

async function benchTraining(peer: PeerProcess, numSequences: number): Promise<void> {
  await openModel(peer, model);
  const trainer = await openTrainer(model, sequencesPerPass * (numTokens + 1));
  // The peer has no momentum model.
  const batch = { ...makeBatch(model, { numSequences, numTokens }), momentumCoefficients: [] };
  await peer.ask({ do: 'batch', sequences: sequencesOf(batch) });
  const first = await trainer.step(batch);
  const { loss } = await peer.ask<{ loss: number }>({ do: 'steps', count: 1 });
  const ourLoss = first.kind === 'trained' ? first.steps[0]!.loss : Number.NaN;
  if (!(Math.abs(ourLoss - loss) < 1e-5)) throw new Error(`losses ${ourLoss} and ${loss}`);
  const count = 3;
  const steps = async (): Promise<void> => {
    for (let i = 0; i < count; i++) await trainer.step(batch);
  };
  const ours = async () => (await cpuMs(steps)) / count;
  const theirs = async () => (await peer.ask<Timed>({ do: 'steps', count })).ms;
  await ours();
  await theirs();
  report(
    `training step, ${numSequences} x ${numTokens} tokens`,
    numSequences * numTokens,
    await alternate(ours, theirs),
  );
  await trainer.close();
}

function request(prompt: number, numRollouts: number, isGreedy = false): GenerationRequest {
  return {
    stream: { seed: 1, purpose: 'train', iteration: 0, prompt, role: 'policy' },
    promptTokens: Int32Array.of(prompt),
    firstRollout: 0,
    numRollouts,
    weightVersion: 0,
    sampling: {
      temperature: isGreedy ? 0 : temperature,
      topP: 1,
      topK: 0,
      maxResponseTokens: numDrawn,
      stopTokenIds: [],
    },
  };
}

async function checkGreedy(engine: GenerationEngine, peer: PeerProcess): Promise<void> {
  const [rollout] = await engine.generate(request(3, 1, true));
  const command = { do: 'generate', prompts: [3], length: numDrawn, greedy: true };
  const { tokens } = await peer.ask<{ tokens: number[][] }>(command);
  const isSame = rollout!.tokens.join() === tokens[0]!.join();
  if (!isSame) throw new Error(`greedy tokens ${rollout!.tokens} and ${tokens[0]}`);
}

async function benchGeneration(peer: PeerProcess): Promise<void> {
  await openModel(peer, model);
  const engine = await GenerationEngine.start({ model, slots: 256, device: 'cpu' });
  await engine.setWeights(0, initialWeights(model, 1));
  await checkGreedy(engine, peer);
  for (const batch of [2, 4, 8, 16, 32, 256]) {
    const groupSize = Math.min(batch, 32);
    const prompts = Array.from({ length: batch }, (_, row) => Math.floor(row / groupSize));
    // Short runs are repeated, so that a round takes as long for both.
    const repeats = Math.max(1, 64 / batch);
    const repeated = async (generate: () => Promise<number>): Promise<number> => {
      let ms = 0;
      for (let i = 0; i < repeats; i++) ms += await generate();
      return ms / repeats;
    };
    const groups = [...new Set(prompts)].map((prompt) => request(prompt, groupSize));
    const ours = () => cpuMs(() => Promise.all(groups.map((group) => engine.generate(group))));
    const command = { do: 'generate', prompts, length: numDrawn };
    const theirs = async () => (await peer.ask<Timed>(command)).ms;
    await ours();
    await theirs();
    const rounds = await alternate(
      () => repeated(ours),
      () => repeated(theirs),
    );
    report(`generation, batch ${batch}, 1 + ${numDrawn} tokens`, batch * numDrawn, rounds);
  }
  await engine.close();
}

const missing = missingPackages(python, ['torch']);
if (missing !== null) {
  const remedy =
    'apt-get install python3-torch libopenblas0-pthread and give /usr/bin/python3, or a Python of yours';
  console.log(`skipped: no PyTorch (${python}: ${missing}); ${remedy}`);
} else {
  const peer = new PeerProcess(python, 'torch_peer.py');
  console.log(await openModel(peer, model));
  for (const numSequences of [32, 128]) await benchTraining(peer, numSequences);
  await benchGeneration(peer);
  peer.close();
}
