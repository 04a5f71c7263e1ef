/**
 * A whole GRPO iteration, services included, against TRL's GRPOTrainer: same model folder, prompts, group size,
 * majority vote, no KL. Rounds of several iterations alternate; medians and the ratio of each round are printed.
 *
 *   taskset -c 0 node bench/peers/trl.ts [rounds] [python] [--large]
 *
 * With `--large` the model has 50M random parameters and answers with 256 tokens, to 2 prompts 4 times each.
 *
 * Needs a Python with torch, transformers, datasets and trl.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../bench-model.ts';
import { saveRandomModel } from '../random-model.ts';
import { benchRecipe, throughServices } from '../through-services.ts';
import { missingPackages, PeerProcess } from './peer-process.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { large: { type: 'boolean', default: false } },
});
const numRounds = Number(positionals[0] ?? 5);
const python = positionals[1] ?? 'python3';
const iterationsPerRound = flags.large ? 3 : 8;
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-bench-'));
const base = join(folder, 'base');
const large = [
  `model.path=${base}`,
  'algorithm.promptsPerIteration=2',
  'algorithm.groupSize=4',
  'sampling.maxResponseTokens=256',
  // One graph for a pass; by default one of 8,192 tokens would be computed layer by layer.
  'learner.microbatchTokens=1024',
];
if (flags.large) console.log(`${await saveRandomModel(base, '50M')} parameters`);

const config = benchRecipe([
  `iterations=${iterationsPerRound}`,
  'algorithm.method=srt',
  'algorithm.loss.klCoefficient=0',
  'algorithm.promptsPerIteration=8',
  ...(flags.large ? large : []),
]);

function trlTask(): object {
  const { algorithm, model, prompts, sampling } = config;
  const lines = readFileSync(String(prompts.train), 'utf8').trim().split('\n');
  return {
    model: resolve(model.path),
    texts: lines.map((line) => (JSON.parse(line) as { prompt: string }).prompt),
    prompts: algorithm.promptsPerIteration,
    groupSize: algorithm.groupSize,
    responseTokens: sampling.maxResponseTokens,
    temperature: sampling.temperature,
    learningRate: algorithm.optimizer.learningRate,
  };
}

async function ourMs(): Promise<number> {
  const records = await throughServices(config);
  return 1000 * median(records.map(({ seconds }) => seconds.total));
}

async function trlMs(peer: PeerProcess): Promise<number> {
  const times: number[] = [];
  for (let i = 1; i < iterationsPerRound; i++) times.push((await peer.ask<{ ms: number }>({})).ms);
  return median(times);
}

const missing = missingPackages(python, ['torch', 'transformers', 'datasets', 'trl']);
if (missing !== null) {
  const remedy = 'pip install torch transformers datasets trl, and give that Python';
  console.log(`skipped: no TRL (${python}: ${missing}); ${remedy}`);
} else {
  const peer = new PeerProcess(python, 'trl_peer.py', [JSON.stringify(trlTask())]);
  const about = await peer.answer<object>();
  console.log(JSON.stringify(about));
  await peer.ask({});
  const rounds: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < numRounds; round++) {
    rounds.push({ ours: await ourMs(), theirs: await trlMs(peer) });
  }
  peer.close();
  const ratios = rounds.map(({ ours, theirs }) => theirs / ours).sort((a, b) => a - b);
  console.log(
    `iteration of ${config.algorithm.promptsPerIteration} x ${config.algorithm.groupSize} responses: ` +
      `${median(rounds.map(({ ours }) => ours)).toFixed(0)} ms, TRL ` +
      `${median(rounds.map(({ theirs }) => theirs)).toFixed(0)} ms: ${median(ratios).toFixed(2)} x ` +
      `[${ratios[0]!.toFixed(2)}-${ratios.at(-1)!.toFixed(2)}]`,
  );
}
rmSync(folder, { recursive: true });
