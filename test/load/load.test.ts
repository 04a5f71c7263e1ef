import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const bench = join(import.meta.dirname, '../../bench/load.ts');
const run = promisify(execFile);

async function load(...args: string[]) {
  const { stdout } = await run(process.execPath, [bench, ...args]);
  return JSON.parse(stdout);
}

describe('bench/load.ts', { timeout: 120_000 }, () => {
  test('rollouts of simulated engines go through queue, voter and learner intake', async () => {
    const sizes = ['--prompts', '2', '--group', '8', '--chunk', '2', '--tokens', '256'];
    const engines = ['--workers', '2', '--processes', '2', '--engine-ms', '20', '--heavy-tail'];
    const figures = await load('queue', ...sizes, ...engines, '--seconds', '1', '--warm-up', '0');
    expect(figures.usefulWorkers).toBe(16);
    expect(figures.iterations).toBeGreaterThan(0);
    expect(Object.keys(figures.cpuMicroseconds).sort()).toEqual([
      'coordinator',
      'learner',
      'redis',
      'voter',
      'workers',
    ]);
    expect(figures.workersBusy).toBeGreaterThan(0);
    expect(figures.workersBusy).toBeLessThan(1);
    expect(figures.stragglers.afterHalf).toBeGreaterThan(figures.stragglers.afterNineTenths);
    expect(figures.redisCeiling).toBeGreaterThan(0);
  });

  test('the learner sends a version once for each relay, not once for each subscriber', async () => {
    const size = ['--mib', '2', '--subscribers', '3', '--processes', '1'];
    const figures = await load('weights', ...size, '--relays', '1,1');
    expect(figures.learnerEgress).toBe(1);
    expect(figures.mibPerSecond).toBeGreaterThan(0);
  });

  test('an option that is no number is refused', async () => {
    await expect(load('queue', '--workers', 'many')).rejects.toThrow('--workers is many');
  });
});
