import { createRegistry } from '@mgrpo/telemetry';
import { expect, it } from 'vitest';
import { RunMetrics } from './run-metrics.ts';

const registry = createRegistry('coordinator');

async function seriesValue(series: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(series));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

it('shows the phase, what was last reached and how long a step forward takes', async () => {
  const metrics = new RunMetrics(registry);
  expect(await seriesValue('mgrpo_run_phase{phase="starting"')).toBe(1);
  expect(await seriesValue('mgrpo_run_interval_seconds')).toBe(0);
  const startMs = Date.now();
  metrics.phase('running');
  metrics.progress(4, 10, 1, startMs);
  metrics.progress(5, 10, 1, startMs + 8000);
  metrics.progress(5, 10, 1, startMs + 9000);
  metrics.progress(5, 10, 2, startMs + 10_000);
  expect(await seriesValue('mgrpo_run_phase{phase="starting"')).toBe(0);
  expect(await seriesValue('mgrpo_run_phase{phase="running"')).toBe(1);
  expect(await seriesValue('mgrpo_run_iterations{state="applied"')).toBe(5);
  expect(await seriesValue('mgrpo_run_progress_timestamp_seconds')).toBe((startMs + 10_000) / 1000);
  expect(await seriesValue('mgrpo_run_interval_seconds')).toBeCloseTo(8, 0);

  metrics.queue('policy', { waiting: 6, active: 2 }, startMs);
  metrics.queue('policy', { waiting: 0, active: 0 }, startMs + 1000);
  expect(await seriesValue('mgrpo_pending_rollout_jobs{role="policy",state="waiting"')).toBe(0);
  expect(await seriesValue('mgrpo_rollout_backlog_jobs{role="policy"')).toBe(4);
  metrics.phase('finished');
  metrics.queue('policy', { waiting: 0, active: 0 }, startMs + 2000);
  expect(await seriesValue('mgrpo_rollout_backlog_jobs{role="policy"')).toBe(0);
});
