import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { measureControls } from './base-controls.ts';
import { runStudy, type StudyEvent } from './run-study.ts';
import { planStudy, type StudyPlan } from './study-plan.ts';
import { trialPath } from './trial-file.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-study-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function planOf(settings: object, selection: object = {}): StudyPlan {
  const file = join(folder, 'study.yaml');
  const arm = (name: string, set: object) => ({ name, title: name, set });
  const study = {
    name: 'small',
    title: 'Two arms',
    set: { iterations: 2, 'algorithm.promptsPerIteration': 2, ...settings },
    bases: [
      {
        name: 'chain',
        title: 'Chains',
        recipe: join(root, 'recipes/arithmetic-collapse-srt.yaml'),
        problems: join(root, 'recipes/data/arithmetic/test.jsonl'),
      },
    ],
    arms: [
      arm('srt', { 'algorithm.method': 'srt' }),
      arm('mgrpo', { 'algorithm.method': 'mgrpo', 'algorithm.momentumRollouts': 16 }),
    ],
    seeds: { confirm: [5] },
    measure: { maxProblems: 16, everyIterations: 1, samples: 4 },
  };
  writeFileSync(file, stringify(study));
  const all = { isQuick: false, bases: null, arms: null, seeds: null, overrides: [] };
  return planStudy(file, { ...all, ...selection });
}

async function run(
  plan: StudyPlan,
  out: string,
  options: { jobs?: number; signal?: AbortSignal; onApplied?: () => void } = {},
) {
  const events: StudyEvent[] = [];
  const { jobs = 2, signal = new AbortController().signal } = options;
  const onEvent = (event: StudyEvent) => {
    events.push(event);
    if (event.kind === 'applied') options.onApplied?.();
  };
  const trials = await runStudy(plan, { folder: join(folder, out), jobs, signal, onEvent });
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'applied');
  return { trials, events, kinds };
}

/** Kills the trial processes that this one has forked. */
function killTrials(): void {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  for (const pid of children) {
    const isTrial = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('trial-process');
    if (isTrial) process.kill(Number(pid), 'SIGKILL');
  }
}

test('trials are recorded whole, kept at the next start, and the same whatever runs beside them', async () => {
  const plan = planOf({});
  const first = await run(plan, 'a');
  expect(first.kinds.sort()).toEqual(['finished', 'finished', 'started', 'started']);
  const [srt, mgrpo] = first.trials;
  expect(srt!.start).toMatchObject({
    arm: 'srt',
    rollouts: { policy: 32, momentum: 0, trained: 32 },
  });
  expect(srt!.iterations).toHaveLength(2);
  expect(srt!.iterations[0]).toMatchObject({ disagreement: null });
  expect(mgrpo!.iterations[0]!.disagreement).not.toBeNull();
  expect(mgrpo!.evaluations.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
  const { sinceBase } = mgrpo!.evaluations[2]!.flips!;
  expect(Object.values(sinceBase).reduce((sum, part) => sum + part)).toBeCloseTo(1, 12);
  // The trained policy is rescaled to the base's entropy, as well as 64 responses tell.
  const { entropy } = mgrpo!.evaluations[0]!.sampled;
  expect(Math.abs(mgrpo!.end.matched.entropy / entropy - 1)).toBeLessThan(0.25);

  expect((await run(plan, 'a')).kinds).toEqual(['kept', 'kept']);
  const alone = await run(planOf({}, { arms: ['mgrpo'] }), 'b', { jobs: 1 });
  expect(alone.trials[0]!.end.weightsSha256).toBe(mgrpo!.end.weightsSha256);
  expect(alone.trials[0]!.evaluations).toEqual(mgrpo!.evaluations);
});

test('results of other settings are not mixed with these', async () => {
  await expect(run(planOf({ 'sampling.temperature': 1 }), 'a')).rejects.toThrow(
    /srt\/seed-5\.jsonl was made with other settings.*choose another --out/,
  );
});

test('a broken record is named', async () => {
  const plan = planOf({}, { arms: ['mgrpo'] });
  const path = join(folder, 'b', trialPath({ base: 'chain', arm: 'mgrpo', seed: 5 }));
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 300));
  await expect(run(plan, 'b')).rejects.toThrow(
    /seed-5\.jsonl is not the record of a trial; delete it/,
  );
});

test('a trial that fails says why, and the others go on', async () => {
  const plan = planOf({});
  const [srt, mgrpo] = plan.trials;
  const prompts = { ...srt!.config.prompts, maxPromptTokens: 1 };
  const broken = { ...srt!, config: { ...srt!.config, prompts } };
  const { events, trials } = await run({ ...plan, trials: [broken, mgrpo!] }, 'c', { jobs: 1 });
  expect(events.find(({ kind }) => kind === 'failed')).toMatchObject({
    message: expect.stringMatching(/prompts/),
  });
  expect(trials.map(({ start }) => start.arm)).toEqual(['mgrpo']);
});

test.skipIf(process.platform !== 'linux')(
  'a trial whose process is killed is told, leaves nothing behind and is run at the next start',
  async () => {
    const plan = planOf({ iterations: 1000 }, { arms: ['srt'] });
    const options = { jobs: 1, onApplied: killTrials };
    const { events, trials } = await run(plan, 'killed', options);
    expect(events.at(-1)).toMatchObject({
      kind: 'failed',
      message: 'its process ended with SIGKILL',
    });
    expect(trials).toEqual([]);
    const short = planOf({}, { arms: ['srt'] });
    expect((await run(short, 'killed')).kinds).toEqual(['started', 'finished']);
  },
);

test('an abort ends what is under way and leaves no half trial', async () => {
  const stop = new AbortController();
  const plan = planOf({ iterations: 1000 });
  const ended = run(plan, 'd', { signal: stop.signal });
  await setTimeout(1500);
  stop.abort();
  const { trials, kinds } = await ended;
  expect(trials).toEqual([]);
  expect(kinds).toEqual(['started', 'started']);
});

test('an untrained base is measured with its logits rescaled, once', async () => {
  const plan = planOf({}, { arms: ['srt'] });
  const options = { folder: join(folder, 'e'), signal: new AbortController().signal };
  const controls = await measureControls(plan, options);
  expect(controls.map(({ base, title }) => `${base}: ${title}`)).toEqual([
    'chain: untrained base, logits × 1.5',
    'chain: untrained base, logits × 2',
    'chain: untrained base, logits × 4',
  ]);
  const entropies = controls.map(({ measure }) => measure.entropy);
  expect(entropies).toEqual([...entropies].sort((a, b) => b - a));
  // What is there is taken as it is, unless it can't be read.
  const path = join(options.folder, 'controls/chain.json');
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...kept, controls: [] }));
  expect(await measureControls(plan, options)).toEqual([]);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20));
  expect(await measureControls(plan, options)).toEqual(controls);
});

test('an abort leaves out the controls that are not measured', async () => {
  const stop = new AbortController();
  const options = { folder: join(folder, 'f'), signal: stop.signal };
  const measured = measureControls(planOf({}, { arms: ['srt'] }), options);
  stop.abort();
  expect(await measured).toEqual([]);
});

test('a seed that was to confirm and is now one that chose is reported as such', async () => {
  const plan = planOf({}, { arms: ['mgrpo'] });
  const trials = plan.trials.map((one) => ({ ...one, purpose: 'choose' as const }));
  const { trials: kept, kinds } = await run({ ...plan, trials }, 'a');
  expect(kinds).toEqual(['kept']);
  expect(kept[0]!.start.purpose).toBe('choose');
});

test('a listener that fails ends the trials that are under way', async () => {
  const plan = planOf({});
  const long = plan.trials.map((one, at) => ({
    ...one,
    config: { ...one.config, iterations: at === 0 ? 1 : 100_000 },
  }));
  let numApplied = 0;
  const onEvent = ({ kind }: StudyEvent) => {
    if (kind === 'applied') numApplied += 1;
    if (kind === 'finished') throw new Error('no room for the report');
  };
  const small = { ...plan, trials: long, measure: { ...plan.measure, maxProblems: 1 } };
  const options = { folder: join(folder, 'g'), jobs: 2, signal: new AbortController().signal };
  await expect(runStudy(small, { ...options, onEvent })).rejects.toThrow('no room for the report');
  const before = numApplied;
  await setTimeout(500);
  expect(numApplied).toBe(before);
});

test('a trial whose parent has gone ends', async () => {
  const [planned] = planOf({ iterations: 100_000 }, { arms: ['srt'] }).trials;
  const { problems, ...trial } = planned!;
  const measure = { maxProblems: 1, everyIterations: 1000, temperature: 1, samples: 1, problems };
  const child = fork(join(import.meta.dirname, 'trial-process.ts'));
  child.send({
    trial: { ...trial, study: 'small', sha256: '', measure },
    path: join(folder, 'h/trial.jsonl'),
  });
  await once(child, 'message');
  child.kill('SIGINT');
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
});
