import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { planStudy, type StudySelection } from './study-plan.ts';

const recipes = join(import.meta.dirname, '../../../recipes');
const folder = mkdtempSync(join(tmpdir(), 'mgrpo-study-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const everything: StudySelection = {
  isQuick: false,
  bases: null,
  arms: null,
  seeds: null,
  overrides: [],
};
const study = {
  name: 'small',
  title: 'A small study',
  set: { iterations: 3 },
  bases: [
    {
      name: 'chain',
      title: 'Chains',
      recipe: join(recipes, 'arithmetic.yaml'),
      problems: join(recipes, 'data/arithmetic/test.jsonl'),
    },
  ],
  arms: [
    { name: 'srt', title: 'SRT', set: { 'algorithm.method': 'srt' } },
    { name: 'ours', title: 'M-GRPO', set: { 'algorithm.momentumRollouts': 16 } },
  ],
  seeds: { choose: [1], confirm: [21, 22] },
  baseline: 'srt',
  quick: { arms: ['srt'], seeds: [21] },
};
let numFiles = 0;
function plan(change: object, selection: Partial<StudySelection> = {}) {
  const file = join(folder, `study-${numFiles++}.yaml`);
  writeFileSync(file, stringify({ ...study, ...change }));
  return planStudy(file, { ...everything, ...selection });
}

test('every arm gets every seed, those that confirm first, with its settings over the common ones', () => {
  const { trials } = plan({});
  expect(trials.map(({ arm, seed, purpose }) => `${arm} ${seed} ${purpose}`)).toEqual([
    'srt 21 confirm',
    'ours 21 confirm',
    'srt 22 confirm',
    'ours 22 confirm',
    'srt 1 choose',
    'ours 1 choose',
  ]);
  const { config } = trials[3]!;
  expect(config).toMatchObject({ seed: 22, iterations: 3 });
  expect(config.algorithm).toMatchObject({ method: 'mgrpo', momentumRollouts: 16 });
});

test('the quick form is a part under a name of its own', () => {
  const quick = plan({}, { isQuick: true });
  expect(quick.name).toBe('small-quick');
  expect(quick.trials.map(({ arm, seed }) => [arm, seed])).toEqual([['srt', 21]]);
});

test.each(readdirSync(join(recipes, 'studies')))('recipes/studies/%s can be run', (name) => {
  const whole = planStudy(join(recipes, 'studies', name), everything);
  const quick = planStudy(join(recipes, 'studies', name), { ...everything, isQuick: true });
  expect(quick.trials.length).toBeLessThan(whole.trials.length);
  for (const { problems, config } of whole.trials) {
    expect(
      [problems, config.prompts.train, config.model.path].filter((path) => !existsSync(path)),
    ).toEqual([]);
  }
});

test('settings that no arm shows are told, those of the command line as the strongest', () => {
  const overrides = [{ flag: '--set', assignment: 'algorithm.momentumRollouts=4' }];
  const base = { ...study.bases[0]!, set: { 'sampling.temperature': 0.9 } };
  const { settings, bases, trials } = plan({ bases: [base] }, { arms: ['ours'], overrides });
  expect(settings).toEqual({
    shared: { iterations: 3 },
    bases: {
      chain: { recipe: base.recipe, problems: base.problems, 'sampling.temperature': 0.9 },
    },
    overrides: ['algorithm.momentumRollouts=4'],
  });
  expect(bases).toEqual([{ name: 'chain', title: 'Chains' }]);
  expect(trials[0]!.config.algorithm.momentumRollouts).toBe(4);
});

test('without its baseline a part has none', () => {
  expect(plan({}, { arms: ['ours'] }).baseline).toBeNull();
});

test.each<[string, object, Partial<StudySelection>, RegExp]>([
  [
    'an unknown key',
    { arm: [] },
    {},
    /study-\d+\.yaml:\d+: unknown key "arm"; did you mean "arms"/,
  ],
  ['no arms', { arms: [] }, {}, /"arms" is \[\]/],
  ['a name that is no folder', { name: '../x' }, {}, /"name" is "..\/x"/],
  [
    'an arm without a title',
    { arms: [{ name: 'a', set: {} }] },
    {},
    /"arms.0.title": Invalid input: expected string/,
  ],
  [
    'an unknown key of an arm',
    { arms: [{ ...study.arms[0], x: 1 }] },
    {},
    /unknown key "arms.0.x"; delete it/,
  ],
  ['an arm twice', { arms: [study.arms[0], study.arms[0]] }, {}, /two arms are named "srt"/],
  ['a seed twice', { seeds: { choose: [1], confirm: [1] } }, {}, /seed 1 is listed twice/],
  ['no seed', { seeds: {} }, {}, /are empty; give one/],
  ['an unknown baseline', { baseline: 'x' }, {}, /"x" is none of srt, ours/],
  [
    'a factor that is missing',
    { view: { kind: 'lines', x: 'G', series: 'method' } },
    {},
    /arm srt has no factor "G"/,
  ],
  [
    'a setting that does not exist',
    { arms: [{ ...study.arms[0], set: { 'algorithm.methd': 'srt' } }] },
    {},
    /arm srt: unknown key "algorithm.methd"; did you mean "algorithm.method"/,
  ],
  [
    'a setting that may not be',
    { arms: [{ ...study.arms[0], set: { 'algorithm.groupSize': 0 } }] },
    {},
    /arm srt: "algorithm.groupSize" is 0/,
  ],
  ['an arm that is not there', {}, { arms: ['x'] }, /arm "x" is none of the study's: srt, ours/],
  ['a seed that is not there', {}, { seeds: [5] }, /seed 5 is none of the study's: 1, 21, 22/],
  [
    'a seed by hand, which the study would set again',
    {},
    { overrides: [{ flag: '--set', assignment: 'seed=7' }] },
    /choose with --seeds/,
  ],
  [
    'two arms in one place of the view',
    {
      view: { kind: 'lines', x: 'G', series: 'method' },
      arms: study.arms.map((arm) => ({ ...arm, factors: { G: 8, method: 'x' } })),
    },
    {},
    /arms srt and ours have the same place in the view: 8 and x/,
  ],
  [
    'a quick form without trials',
    { quick: { seeds: [] } },
    {},
    /"quick.seeds" is \[\]; it must be a list of at least 1: a whole number/,
  ],
  ['no quick form', { quick: null }, { isQuick: true }, /has no quick form/],
])('%s is refused', (_what, change, selection, message) => {
  expect(() => plan(change, selection)).toThrow(message);
});
