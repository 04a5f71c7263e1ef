import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFiles } from '@mgrpo/checkpoint';
import { afterAll, expect, it } from 'vitest';
import { mgrpo } from '../command-line.ts';
import { trainAlone, trainSmall } from './small-run.ts';

const base = fileURLToPath(new URL('../../models/arithmetic-base', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-quantisation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const iterations = 3;
const common = [
  'rollout.quantisation={ bits: 8 }',
  'algorithm.loss.importance={ cap: 2 }',
  'algorithm.promptsPerIteration=4',
  'evaluation.everyIterations=3',
  `iterations=${iterations}`,
];

/** An adapter's workers get merged weights, and round those. */
const trained = [
  ['every weight', []],
  [
    'an adapter',
    [
      'algorithm.adapter={ rank: 4, alpha: 8, targets: [q_proj, v_proj, o_proj, down_proj] }',
      'algorithm.optimizer.learningRate=5e-3',
    ],
  ],
] as const;

it.each(trained)(
  'rollouts by rounded weights train %s to the weights of one process, with other numbers of workers and a killed one',
  async (name, more) => {
    const set = [...common, ...more];
    const expected = await trainAlone({ runFolder: join(folder, `${name} alone`), base, set });
    const runFolder = join(folder, name);
    const result = await trainSmall({
      runFolder,
      base,
      set: [...set, 'deployment.workers.policy=3', 'deployment.rollout.rolloutsPerJob=2'],
      onIteration: (applied, pids) => {
        if (applied === 1) process.kill(pids.get('policy-rollout-1')!, 'SIGKILL');
      },
    });
    expect(result.outcome).toBe('finished');
    expect(result.policySha256).toBe(expected);

    const steps = (result.metrics as { step?: Record<string, number> | null }[]).flatMap(
      ({ step }) => (step ? [step] : []),
    );
    expect(steps.length).toBeGreaterThan(1);
    for (const step of steps) {
      // Far beyond the rounding of float32, which is below 1e-5, and far below what a stale version makes.
      expect(step.logprobGap).toBeGreaterThan(1e-4);
      expect(step.logprobGap).toBeLessThan(0.05);
      expect(step.logprobGapMax).toBeGreaterThan(step.logprobGap!);
      // Weights of tokens: 1 on average, as probabilities are, and not all 1.
      expect(step.importanceWeight).not.toBe(1);
      expect(step.importanceWeight).toBeCloseTo(1, 1);
    }

    const { devices } = JSON.parse(readFileSync(join(runFolder, runFiles.manifest), 'utf8'));
    expect(devices).toMatchObject({
      learner: 'cpu',
      policy: expect.stringMatching(/^cpu 8-bit [0-9a-f]{12}$/),
      momentum: devices.policy,
    });

    const audit = await mgrpo('audit', runFolder, '--iteration', '2', '--json');
    expect(JSON.parse(audit.stdout)).toMatchObject({ agrees: true, weightVersion: 2 });
  },
  120_000,
);
