/**
 * How well `lag: 1` overlaps generation and learning on this machine (issue 6, part C): the median iteration
 * through the services against the bound max(learner's time, all work / cores), the times being those of the
 * same work in one process, each alone. Also what the lag costs in clipping, ratios and logprob gap.
 *
 * Run on a quiet machine: `node bench/lag.ts [iterations] [--5M] [key=value ...]`. With `--5M` the model has
 * 5M random parameters and answers with 48 tokens, to 8 prompts 32 times each.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OneProcessRun } from '@mgrpo/study';
import { median } from './bench-model.ts';
import { saveRandomModel } from './random-model.ts';
import { benchRecipe, type IterationRecord, throughServices } from './through-services.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { '5M': { type: 'boolean', default: false } },
});
const iterations = Number(positionals[0] ?? 20);
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-bench-'));
const base = join(folder, 'base');
const random = [
  `model.path=${base}`,
  'algorithm.promptsPerIteration=8',
  'sampling.maxResponseTokens=48',
];
if (flags['5M']) console.log(`${await saveRandomModel(base, '5M')} parameters`);
const settings = [
  `iterations=${iterations}`,
  ...(flags['5M'] ? random : []),
  ...positionals.slice(1),
];

/** Seconds of generation and learning of each iteration. */
async function alone(): Promise<{ generate: number; train: number }[]> {
  const run = await OneProcessRun.open(benchRecipe(settings));
  const seconds: { generate: number; train: number }[] = [];
  while (run.applied < iterations) seconds.push((await run.next()).seconds);
  await run.close();
  return seconds;
}

function stepsOf(records: readonly IterationRecord[]): string {
  const steps = records.flatMap(({ step }) => step ?? []);
  const mean = (read: (step: (typeof steps)[number]) => number): number =>
    steps.reduce((sum, step) => sum + read(step), 0) / steps.length;
  const gap = mean((step) => step.logprobGap).toExponential(1);
  const largest = Math.max(...steps.map((step) => step.logprobGapMax)).toExponential(1);
  return (
    `clipped ${(100 * mean((step) => step.clipFraction)).toFixed(2)} %, ratio ` +
    `${mean((step) => step.ratioMean).toFixed(4)}, logprob gap ${gap} nats, at most ${largest}`
  );
}

const ms = (seconds: number): string => `${(1000 * seconds).toFixed(0)} ms`;
// Before and after, since the machine's speed drifts.
const before = await alone();
const lags: { lag: number; seconds: number; text: string }[] = [];
for (const lag of [0, 1]) {
  const records = await throughServices(benchRecipe([...settings, `lag=${lag}`]));
  const seconds = median(records.map((record) => record.seconds.total));
  lags.push({ lag, seconds, text: stepsOf(records) });
}
const both = [...before, ...(await alone())];
const generate = median(both.map((seconds) => seconds.generate));
const train = median(both.map((seconds) => seconds.train));
const bound = Math.max(train, (generate + train) / availableParallelism());
console.log(`alone: generation ${ms(generate)}, learning ${ms(train)}; bound ${ms(bound)}`);
for (const { lag, seconds, text } of lags) {
  const share = ((100 * bound) / seconds).toFixed(0);
  console.log(`lag ${lag}: ${ms(seconds)}, ${share} % of the bound; ${text}`);
}
rmSync(folder, { recursive: true });
