import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModelFolder } from '@mgrpo/checkpoint';
import { afterAll, expect, it } from 'vitest';
import { trainAlone, trainSmall } from './small-run.ts';

const base = fileURLToPath(new URL('../../models/arithmetic-base', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-adapter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const iterations = 4;
const set = [
  'algorithm.adapter={ rank: 4, alpha: 8, targets: [q_proj, v_proj, o_proj, down_proj] }',
  'algorithm.loss.importance={ cap: 2 }',
  'algorithm.promptsPerIteration=4',
  'algorithm.optimizer.learningRate=5e-3',
  'checkpoint.everyIterations=2',
  'prompts.validation=null',
  `iterations=${iterations}`,
];
const workers = ['policy', 'momentum', 'voter'].map((name) => `deployment.workers.${name}=2`);

it('an adapter trains to the weights of one process, with two workers of each kind and a killed learner', async () => {
  const expected = await trainAlone({ runFolder: join(folder, 'alone'), base, set });
  const runFolder = join(folder, 'services');
  const result = await trainSmall({
    runFolder,
    base,
    set: [...set, ...workers, 'deployment.rollout.rolloutsPerJob=2'],
    // After a checkpoint, so that the adapter and its moments are read from one.
    onIteration: (applied, pids) => {
      if (applied === 3) process.kill(pids.get('learner')!, 'SIGKILL');
    },
  });
  expect(result.outcome).toBe('finished');
  expect(result.restarts).toEqual(['learner']);
  expect(result.policySha256).toBe(expected);

  // Our own sampler is the learner but for rounding.
  for (const { step } of result.metrics as { step: Record<string, number> | null }[]) {
    if (step === null) continue;
    expect(step.importanceWeight).toBeCloseTo(1, 4);
    expect(step.importanceTruncated).toBe(0);
  }

  const newest = join(runFolder, 'checkpoints', `step-${iterations}`);
  expect(readdirSync(join(newest, 'adapter')).sort()).toEqual([
    'adapter_config.json',
    'adapter_model.safetensors',
  ]);
  const saved = await loadModelFolder(newest);
  expect(saved.sha256).toBe(result.policySha256);
  const { weights: before } = await loadModelFolder(base);
  const moved = saved.weights.filter((weight, i) => weight !== before[i]).length;
  // q, v, o and down of every layer, and nothing else.
  const {
    hiddenSize: D,
    numHeads,
    numKvHeads,
    headDim,
    intermediateSize,
    numLayers,
  } = saved.config;
  const adapted = D * headDim * (2 * numHeads + numKvHeads) + D * intermediateSize;
  expect(moved).toBeGreaterThan(0.95 * numLayers * adapted);
  expect(moved).toBeLessThanOrEqual(numLayers * adapted);
}, 120_000);
