/**
 * The chaos test in full: the default recipe, undisturbed and then under every fault of the table, at seeded
 * moments, with lag 0 and 1. Ends with 1 when any run differs, and says how to have the same run again.
 *
 * `npm run test:chaos -- [--seed N] [--runs N] [--run I] [--only NAME,NAME] [--iterations N] [--small]`
 *
 * `--small` trains a small random model instead: half the time, and enough to look into one fault.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunConfig } from '@mgrpo/config';
import { messageOf } from '@mgrpo/errors';
import { makeWorkspace, smallConfig } from '../loop/small-run.ts';
import { type ChaosResult, runChaos, type StrikeCost, strikeThrough } from './chaos-run.ts';
import { defaultRecipe } from './default-recipe.ts';
import { differences } from './evidence.ts';
import { faults } from './faults/faults.ts';
import { type ChaosPlan, schedule } from './schedule.ts';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '10' },
    run: { type: 'string' },
    only: { type: 'string' },
    iterations: { type: 'string', default: '60' },
    small: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log(`usage: npm run test:chaos -- [--seed N] [--runs N] [--run I] [--only NAME,NAME] [--iterations N] [--small]

faults: ${faults.map(({ name }) => name).join(', ')}`);
  process.exit(0);
}

const seed = Number(flags.seed);
const iterations = Number(flags.iterations);
const only = flags.only?.split(',');
const numRuns = only === undefined ? Number(flags.runs) : 2;

/** Faults that can happen here; what is missing for the others is told. */
function possibleFaults() {
  const names = new Set(only ?? faults.map(({ name }) => name));
  const unknown = [...names].filter((name) => faults.every((fault) => fault.name !== name));
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}`);
  return faults.filter((fault) => {
    const reason = fault.missing?.() ?? null;
    if (reason !== null) console.log(`${fault.name} is left out: ${reason}`);
    return names.has(fault.name) && reason === null;
  });
}

const folder = mkdtempSync(join(tmpdir(), 'mgrpo-chaos-'));
const tell = (message: string) => console.log(message);

// Ends as by itself, so that the servers of the test end too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const workspace = flags.small ? await makeWorkspace() : null;

function configOf(lag: 0 | 1): RunConfig {
  if (workspace === null) return defaultRecipe(lag, iterations);
  return smallConfig({
    runFolder: folder,
    base: workspace.base,
    set: [`iterations=${iterations}`, `lag=${lag}`, 'checkpoint.everyIterations=5'],
  });
}

async function undisturbed(lag: 0 | 1): Promise<ChaosResult> {
  const own = join(folder, `undisturbed-${lag}`);
  const config = configOf(lag);
  const result = await runChaos({ folder: own, config, strikes: [], seed, tell });
  rmSync(own, { recursive: true });
  console.log(`lag ${lag} undisturbed: ${result.iterationSeconds.toFixed(2)} s an iteration`);
  return result;
}

/** Runs a plan; true when nothing differs from the undisturbed run. */
async function survives(plan: ChaosPlan, expected: ChaosResult): Promise<boolean> {
  const { run, lag, strikes } = plan;
  const own = join(folder, `run-${run}`);
  const startedAt = performance.now();
  console.log(`run ${run}, lag ${lag}: ${strikes.map(({ fault }) => fault.name).join(', ')}`);
  let wrong: string[];
  try {
    const config = configOf(lag);
    const chaos = { folder: own, config, strikes, seed: seed + run, tell };
    const results = await strikeThrough(chaos);
    costs.push(...results.flatMap((result) => result.costs));
    wrong = [
      ...results.flatMap(({ evidence }) => differences(expected.evidence, evidence)),
      ...results.at(-1)!.missed.map(({ fault }) => `${fault.name} came too late every time`),
    ];
  } catch (error) {
    wrong = [messageOf(error)];
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  if (wrong.length === 0) {
    rmSync(own, { recursive: true });
    console.log(`  the same weights, journal and metrics, in ${seconds} s`);
    return true;
  }
  const which = only === undefined ? `--runs ${numRuns}` : `--only ${only.join(',')}`;
  console.error(`  FAILED after ${seconds} s: ${wrong.join('; ')}`);
  console.error(
    `  again: npm run test:chaos -- --seed ${seed} ${which} --run ${run} --iterations ${iterations}${flags.small ? ' --small' : ''}`,
  );
  console.error(`  its files: ${own}`);
  return false;
}

/** Seconds that each fault cost, dearest first. */
function costTable(costs: readonly StrikeCost[]): string {
  return costs
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ fault, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${fault}`)
    .join('\n');
}

const plans = schedule({ seed, faults: possibleFaults(), numRuns, iterations }).filter(
  ({ run }) => flags.run === undefined || run === Number(flags.run),
);
const expected = new Map<0 | 1, ChaosResult>();
const costs: StrikeCost[] = [];
let failed = 0;
for (const plan of plans) {
  const known = expected.get(plan.lag) ?? (await undisturbed(plan.lag));
  expected.set(plan.lag, known);
  if (!(await survives(plan, known))) failed += 1;
}
console.log(`\nWhat a fault cost, beyond the time of its iterations:\n${costTable(costs)}`);
console.log(
  `\n${plans.length - failed} of ${plans.length} runs came to the same bits, through ${costs.length} faults (seed ${seed})`,
);
if (failed === 0) rmSync(folder, { recursive: true });
workspace?.remove();
process.exit(failed === 0 ? 0 : 1);
