import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeWorkspace, type SmallRunResult, trainSmall } from './small-run.ts';

/** So eager that a random model is suspected within the first iterations. */
const eager = [
  'iterations=6',
  'prompts.validation=null',
  'checkpoint.everyIterations=2',
  'checkpoint.keep=3',
  'collapse.window=2',
  'collapse.patience=1',
  'collapse.entropyRise=1e-9',
];

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
/** The run that is only warned. */
let warned: SmallRunResult;
/** Iterations applied when it was first suspected, and the first iteration of that window. */
let suspected: { at: number; since: number };

function train(
  name: string,
  set: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SmallRunResult> {
  const { folder, base } = workspace;
  return trainSmall({ runFolder: join(folder, name), base, set: [...eager, ...set], env });
}

const iterations = ({ metrics }: SmallRunResult) =>
  metrics.filter((record) => record.kind === 'iteration');

const checkpoints = (name: string) => readdir(join(workspace.folder, name, 'checkpoints'));

const result = (name: string) =>
  JSON.parse(readFileSync(join(workspace.folder, name, 'result.json'), 'utf8'));

beforeAll(async () => {
  workspace = await makeWorkspace();
  warned = await train('warned', []);
  const states = iterations(warned).map(
    (record) => record.collapse as { kind: string; since: number },
  );
  const first = states.findIndex(({ kind }) => kind === 'suspected');
  suspected = { at: first + 1, since: states[first]!.since };
}, 240_000);

afterAll(() => workspace.remove());

it('a warning leaves the run as it is, and stands in its records', () => {
  expect(warned.outcome).toBe('finished');
  expect(iterations(warned)).toHaveLength(6);
  expect(suspected.at).toBeGreaterThan(2);
  expect(suspected.at).toBeLessThan(6);
});

/** The only checkpoint of such a run is that of its end. */
const seldom = 'checkpoint.everyIterations=100';

it('a pause ends the run at a checkpoint, also when the learner is killed while it writes that', async () => {
  const armed = join(workspace.folder, 'armed');
  mkdirSync(armed);
  writeFileSync(join(armed, 'mid-checkpoint'), '');
  const set = ['collapse.onCollapse=pause', seldom];
  const paused = await train('paused', set, { MGRPO_FAULT_POINTS: armed });
  expect(readdirSync(armed)).toEqual([]);
  expect(paused).toMatchObject({ outcome: 'halted', restarts: ['learner'] });
  expect(iterations(paused)).toEqual(iterations(warned).slice(0, suspected.at));
  expect(await checkpoints('paused')).toContain(`step-${suspected.at}`);
}, 240_000);

it('a run that was paused stays so until it is told to go on, and then comes to the same bits', async () => {
  const again = await train('paused', ['collapse.onCollapse=pause', seldom]);
  expect(again.outcome).toBe('halted');
  expect(iterations(again)).toHaveLength(suspected.at);
  expect(await train('paused', [seldom])).toEqual(warned);
}, 240_000);

it('no iteration that was generated ahead is applied after a pause', async () => {
  const lag = ['lag=1', 'deployment.workers.policy=2', 'deployment.rollout.rolloutsPerJob=2'];
  const paused = await train('ahead', [...lag, 'collapse.onCollapse=pause']);
  const states = iterations(paused).map(({ collapse }) => (collapse as { kind: string }).kind);
  expect(paused.outcome).toBe('halted');
  expect(states.indexOf('suspected')).toBe(states.length - 1);
  const resumed = await train('ahead', lag);
  expect(resumed.outcome).toBe('finished');
  expect(iterations(resumed).slice(0, states.length)).toEqual(iterations(paused));
}, 240_000);

it('a rollback names the newest checkpoint from before the suspicion, and takes nothing back', async () => {
  const rolledBack = await train('rolled-back', ['collapse.onCollapse=rollback']);
  expect(rolledBack.outcome).toBe('halted');
  expect(iterations(rolledBack)).toEqual(iterations(warned).slice(0, suspected.at));
  const healthy = 2 * Math.floor(suspected.since / 2);
  expect(result('rolled-back')).toMatchObject({
    kind: 'rolled-back',
    checkpoint: healthy === 0 ? null : `checkpoints/step-${healthy}`,
    suspectedSince: suspected.since,
    iterations: suspected.at,
  });
  expect(await train('rolled-back', [])).toEqual(warned);
  expect(() => result('rolled-back')).toThrow('ENOENT');
}, 240_000);
