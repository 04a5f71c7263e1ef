import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunConfig } from '@mgrpo/config';
import { Cluster } from './cluster.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import type { Strike } from './fault.ts';
import { isRoot } from './faults/disk.ts';
import { SeededRandom } from './seeded-random.ts';

export interface ChaosRun {
  /** New; holds the run folder and the logs. */
  readonly folder: string;
  readonly config: RunConfig;
  /** In the order of their moments. */
  readonly strikes: readonly Strike[];
  readonly seed: number;
  readonly tell: (message: string) => void;
}

export interface ChaosResult {
  readonly evidence: Evidence;
  /** Median time of an iteration that nothing befell (s). */
  readonly iterationSeconds: number;
  readonly costs: readonly StrikeCost[];
  /** Those for which the run was over too soon. */
  readonly missed: readonly Strike[];
}

export interface StrikeCost {
  readonly fault: string;
  readonly after: number;
  /** The longest iteration from the strike to the second one after it was over, less a usual one (s). */
  readonly seconds: number;
}

/** A run that stands still for so long hangs. */
const stallMs = 120_000;

/** How often strikes that came too late may have another run: alone in it, they come early enough. */
const maxRuns = 3;

/**
 * Trains through all strikes, in as many runs as it takes: a run goes on while one fault is made good, and may be over
 * before the next.
 *
 * @throws whatever ends a run, or an error that says where it hangs
 */
export async function strikeThrough(run: ChaosRun): Promise<ChaosResult[]> {
  const results = [await runChaos(run)];
  while (results.at(-1)!.missed.length > 0 && results.length < maxRuns) {
    const { missed: strikes } = results.at(-1)!;
    run.tell(`  too late, and once more: ${strikes.map(({ fault }) => fault.name).join(', ')}`);
    results.push(await runChaos({ ...run, folder: `${run.folder}-${results.length}`, strikes }));
  }
  return results;
}

/**
 * Trains once, through one strike after the other.
 *
 * @throws whatever ends the run, or an error that says where it hangs
 */
export async function runChaos(run: ChaosRun): Promise<ChaosResult> {
  const { folder, config } = run;
  const runFolder = join(folder, 'run');
  mkdirSync(runFolder, { recursive: true });
  const isMounted = isRoot && run.strikes.some(({ fault }) => fault.name === 'disk-full');
  if (isMounted) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512m', 'tmpfs', runFolder]);
  const cluster = await Cluster.start(folder, config);
  const watch = new ProgressWatch(cluster);
  try {
    const [{ struck, missed }] = await Promise.all([
      strikeAll(run, cluster, watch),
      watch.untilFinished(),
    ]);
    const evidence = await evidenceOf(runFolder);
    const iterationSeconds = watch.medianSeconds();
    const costs = struck.map(({ fault, after, from, to }) => ({
      fault,
      after,
      seconds: watch.longestSeconds(from, to) - iterationSeconds,
    }));
    return { evidence, iterationSeconds, costs, missed };
  } finally {
    watch.close();
    await cluster.close();
    if (isMounted) execFileSync('umount', ['-l', runFolder]);
  }
}

async function strikeAll(
  { strikes, seed, tell }: ChaosRun,
  cluster: Cluster,
  watch: ProgressWatch,
) {
  const struck: { fault: string; after: number; from: number; to: number }[] = [];
  const missed: Strike[] = [];
  for (const [i, strike] of strikes.entries()) {
    const { fault, after, delay } = strike;
    await watch.until(after);
    await sleep(delay * 1000 * watch.medianSeconds());
    if (cluster.isOver) {
      missed.push(strike);
      continue;
    }
    tell(`  after ${cluster.applied} iterations: ${fault.name}`);
    const from = performance.now();
    const outcome = await fault.strike(cluster, new SeededRandom(seed, i));
    if (outcome === 'missed') missed.push(strike);
    else struck.push({ fault: fault.name, after, from, to: performance.now() });
  }
  return { struck, missed };
}

/** When each iteration was applied, as the run's metrics tell. */
class ProgressWatch {
  readonly #cluster: Cluster;
  /** By iteration, ms of `performance.now()`. */
  readonly #appliedAt: number[] = [];
  readonly #timer;
  #lastProgressAt = performance.now();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#timer = setInterval(() => this.#look(), 20);
  }

  async until(applied: number): Promise<void> {
    while (this.#appliedAt.length < applied) {
      this.#requireLife();
      await sleep(10);
    }
  }

  /** @throws the run's own reason when the coordinator gives it up */
  async untilFinished(): Promise<void> {
    for (;;) {
      this.#requireLife();
      const state = await this.#cluster.state();
      if (state?.phase === 'finished') return;
      if (state?.phase === 'failed') throw new Error(state.error);
      await sleep(200);
    }
  }

  /** Of the iterations so far; 0 before the second. */
  medianSeconds(): number {
    const gaps = this.#gaps(0, Number.POSITIVE_INFINITY);
    return gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
  }

  /** The longest time between two iterations, of those between two moments and the next two after them. */
  longestSeconds(from: number, to: number): number {
    const first = this.#appliedAt.filter((time) => time < from).length;
    const last = this.#appliedAt.filter((time) => time < to).length + 2;
    return Math.max(...this.#gaps(first, last));
  }

  /** Seconds that iterations took, of those with a predecessor. */
  #gaps(first: number, end: number): number[] {
    const times = this.#appliedAt.slice(Math.max(0, first - 1), end);
    return times.slice(1).map((time, i) => (time - times[i]!) / 1000);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { applied } = this.#cluster;
    while (this.#appliedAt.length < applied) {
      this.#lastProgressAt = performance.now();
      this.#appliedAt.push(this.#lastProgressAt);
    }
  }

  #requireLife(): void {
    this.#cluster.check();
    if (performance.now() - this.#lastProgressAt < stallMs) return;
    const seconds = stallMs / 1000;
    throw new Error(`nothing happened for ${seconds} s after iteration ${this.#appliedAt.length}`);
  }
}
