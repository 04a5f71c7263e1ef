/**
 * How well `lag: 1` overlaps generation and learning on this machine (issue 6, part C): the median iteration
 * through the services against the bound max(learner's time, all work / cores), the times being those of the
 * same work in one process, each alone. Also what the lag costs in clipping, ratios and logprob gap.
 *
 * Run on a quiet machine: `node bench/lag.ts [iterations] [key=value ...]`.
 */
import { availableParallelism } from 'node:os';
import { OneProcessRun } from '@mgrpo/study';
import { median } from './bench-model.ts';
import { benchRecipe, type IterationRecord, throughServices } from './through-services.ts';

const iterations = Number(process.argv[2] ?? 20);
const settings = [`iterations=${iterations}`, ...process.argv.slice(3)];

/** Median seconds of generation and learning of an iteration. */
async function alone(): Promise<{ generate: number; train: number }> {
  const run = await OneProcessRun.open(benchRecipe(settings));
  const seconds: { generate: number; train: number }[] = [];
  while (run.applied < iterations) seconds.push((await run.next()).seconds);
  await run.close();
  return {
    generate: median(seconds.map(({ generate }) => generate)),
    train: median(seconds.map(({ train }) => train)),
  };
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

const { generate, train } = await alone();
const bound = Math.max(train, (generate + train) / availableParallelism());
const ms = (seconds: number): string => `${(1000 * seconds).toFixed(0)} ms`;
console.log(`alone: generation ${ms(generate)}, learning ${ms(train)}; bound ${ms(bound)}`);
for (const lag of [0, 1]) {
  const records = await throughServices(benchRecipe([...settings, `lag=${lag}`]));
  const seconds = median(records.map((record) => record.seconds.total));
  const share = ((100 * bound) / seconds).toFixed(0);
  console.log(`lag ${lag}: ${ms(seconds)}, ${share} % of the bound; ${stepsOf(records)}`);
}
