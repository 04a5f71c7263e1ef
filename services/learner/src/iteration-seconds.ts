import type { OfferedBatch } from './collect-batch.ts';

/** Where an iteration's wall time went, seconds. */
export interface IterationSeconds {
  total: number;
  generate: number;
  vote: number;
  learn: number;
  other: number;
}

/**
 * Where the time since the last applied iteration went; timings of a replay are not those of the run.
 *
 * `at` is by a clock that nobody sets, `timings` are moments of other processes.
 */
export function secondsOf(
  timings: OfferedBatch['timings'] | undefined,
  at: { startedAtMs: number; lastAppliedAtMs: number; nowMs: number },
): IterationSeconds {
  const learn = (at.nowMs - at.startedAtMs) / 1000;
  if (timings === undefined) return { total: learn, generate: 0, vote: 0, learn, other: 0 };
  const total = (at.nowMs - at.lastAppliedAtMs) / 1000;
  const generate = Math.max(0, timings.generatedAtMs - timings.addedAtMs) / 1000;
  const vote = Math.max(0, timings.votedAtMs - timings.generatedAtMs) / 1000;
  return { total, generate, vote, learn, other: Math.max(0, total - generate - vote - learn) };
}
