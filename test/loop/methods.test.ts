import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MethodName, methods } from '@mgrpo/algorithm';
import { afterAll, expect, it } from 'vitest';
import { trainAlone, trainSmall } from './small-run.ts';

const pathTo = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-methods-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Its answers are sometimes right: gold labels have something to reward, and votes something to agree on.
const base = pathTo('models/arithmetic-base');
const iterations = 4;

/** Rows with both answers and rephrasings: every method finds what it needs. */
const settings = (method: string): string[] => [
  `algorithm.method=${method}`,
  'algorithm.promptsPerIteration=4',
  `iterations=${iterations}`,
  `prompts.train=${pathTo('recipes/data/arithmetic/train-rephrased.jsonl')}`,
  'prompts.validation=null',
];

/** Where things are may differ. */
const elsewhere = ['deployment.rollout.rolloutsPerJob=2', 'deployment.learner.reference=disk'];
const workers = ['policy', 'momentum', 'voter'].map((name) => `deployment.workers.${name}=2`);

it.each(Object.keys(methods) as MethodName[])(
  '%s: two workers of each kind and a killed learner give the weights of one process',
  async (method) => {
    const set = settings(method);
    const expected = await trainAlone({
      runFolder: join(folder, `${method}-alone`),
      base,
      set,
    });
    const result = await trainSmall({
      runFolder: join(folder, method),
      base,
      set: [...set, ...workers, ...elsewhere],
      onIteration: (applied, pids) => {
        if (applied === 1) process.kill(pids.get('learner')!, 'SIGKILL');
      },
    });
    expect(result.outcome).toBe('finished');
    expect(result.restarts).toEqual(['learner']);
    expect(result.policySha256).toBe(expected);
    const trained = result.metrics.filter((record) => record.hasSignal);
    expect(trained.length).toBeGreaterThan(1);
    expect(new Set(trained.map((record) => record.policySha256)).size).toBe(trained.length);
  },
  120_000,
);
