import type { Fault, Strike } from './fault.ts';
import { SeededRandom } from './seeded-random.ts';

export interface ChaosPlan {
  /** From 0; with the seed it names the plan. */
  readonly run: number;
  readonly lag: 0 | 1;
  readonly strikes: readonly Strike[];
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly numRuns: number;
  /** Of each run. */
  readonly iterations: number;
}

/**
 * Deals the faults out to runs, each fault to one run, and gives each a moment: a pure function of the options.
 *
 * Runs have lag 0 and 1 in turn. A run's strikes lie in equal shares of its first three quarters, so that there is
 * always something left to come to the wrong bits in.
 */
export function schedule({ seed, faults, numRuns, iterations }: ScheduleOptions): ChaosPlan[] {
  const order = new SeededRandom(seed, 0).shuffle(faults);
  return Array.from({ length: numRuns }, (_, run) => {
    const random = new SeededRandom(seed, run + 1);
    const own = order.filter((_fault, i) => i % numRuns === run);
    const share = (0.75 * iterations - 1) / Math.max(1, own.length);
    const strikes = own.map((fault, i) => ({
      fault,
      after: 1 + Math.floor(share * i) + random.below(Math.max(1, Math.floor(share))),
      delay: random.below(100) / 100,
    }));
    return { run, lag: run % 2 === 0 ? 0 : 1, strikes };
  });
}
