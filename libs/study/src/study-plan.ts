import { dirname, resolve } from 'node:path';
import { loadRunConfig, type Override, type RunConfig, resolveConfig } from '@mgrpo/config';
import { MgrpoError } from '@mgrpo/errors';
import type { StudyArm, StudySettings } from './study-result.ts';
import { type StudyFile, studySchema } from './study-schema.ts';
import type { SeedPurpose, TrialName } from './trial-record.ts';

/** One trial before it is run. */
export interface PlannedTrial extends TrialName {
  readonly purpose: SeedPurpose;
  readonly config: RunConfig;
  /** Prompts that it is measured on. */
  readonly problems: string;
}

/** A study with everything resolved and checked. */
export interface StudyPlan
  extends Pick<StudyFile, 'name' | 'title' | 'note' | 'baseline' | 'view'> {
  readonly bases: readonly { readonly name: string; readonly title: string }[];
  readonly arms: readonly StudyArm[];
  readonly seeds: StudyFile['seeds'];
  readonly measure: StudyFile['measure'];
  readonly settings: StudySettings;
  /** Seed by seed, those that confirm first: a study that ends early has whole comparisons. */
  readonly trials: readonly PlannedTrial[];
}

/** Restricts a study; null takes all. */
export interface StudySelection {
  readonly isQuick: boolean;
  readonly bases: readonly string[] | null;
  readonly arms: readonly string[] | null;
  readonly seeds: readonly number[] | null;
  /** Settings over those of every trial. */
  readonly overrides: readonly Override[];
}

/**
 * Reads a study and resolves the configuration of each of its trials.
 *
 * @throws INVALID_CONFIG naming the key, arm or base, and what to write
 */
export function planStudy(file: string, selection: StudySelection): StudyPlan {
  const sources = { file, environment: {}, overrides: [] };
  const study = select(resolveConfig(studySchema, sources, complaintsOf), selection);
  const { bases, arms, seeds, set, ...rest } = study;
  const purposes = [
    ...seeds.confirm.map((seed) => ({ seed, purpose: 'confirm' as const })),
    ...seeds.choose.map((seed) => ({ seed, purpose: 'choose' as const })),
  ];
  const folder = dirname(file);
  const trials = purposes.flatMap(({ seed, purpose }) =>
    bases.flatMap((base) =>
      arms.map((arm): PlannedTrial => {
        const overrides = [
          ...overridesOf(set, file),
          ...overridesOf(modelSetting(base, folder), file),
          ...overridesOf(base.set, `${file}, base ${base.name}`),
          ...overridesOf(arm.set, `${file}, arm ${arm.name}`),
          ...selection.overrides,
          ...overridesOf({ seed, 'deployment.rollout.slots': 512 }, file),
        ];
        const config = loadRunConfig({
          file: resolve(folder, base.recipe),
          environment: {},
          overrides,
        });
        const problems = resolve(folder, base.problems);
        return { base: base.name, arm: arm.name, seed, purpose, config, problems };
      }),
    ),
  );
  const settings = {
    shared: set,
    bases: Object.fromEntries(bases.map((base) => [base.name, baseSettings(base)])),
    overrides: selection.overrides.map(({ assignment }) => assignment),
  };
  const named = bases.map(({ name, title }) => ({ name, title }));
  return { ...rest, settings, bases: named, arms, seeds, trials };
}

/** What a base brings, for the report. */
function baseSettings({ recipe, model, problems, set }: StudyFile['bases'][number]) {
  return { recipe, ...(model !== null && { 'model.path': model }), problems, ...set };
}

function complaintsOf({ arms, bases, seeds, baseline, view, quick }: StudyFile) {
  const complaints: { path: string; message: string }[] = [];
  const complain = (path: string, message: string) => complaints.push({ path, message });
  const armNames = arms.map(({ name }) => name);
  const baseNames = bases.map(({ name }) => name);
  const allSeeds = [...seeds.choose, ...seeds.confirm];
  const requireKnown = (path: string, typed: readonly string[], known: readonly string[]) => {
    const unknown = typed.find((one) => !known.includes(one));
    if (unknown !== undefined) complain(path, `"${unknown}" is none of ${known.join(', ')}`);
  };
  for (const [path, names] of [
    ['arms', armNames],
    ['bases', baseNames],
  ] as const) {
    const twice = names.find((one, at) => names.indexOf(one) !== at);
    if (twice !== undefined) complain(path, `two ${path} are named "${twice}"; rename one`);
  }
  if (allSeeds.length === 0)
    complain('seeds', 'seeds.confirm and seeds.choose are empty; give one');
  const twice = allSeeds.find((seed, at) => allSeeds.indexOf(seed) !== at);
  if (twice !== undefined)
    complain(
      'seeds',
      `seed ${twice} is listed twice; a seed that chose settings can't confirm them`,
    );
  if (baseline !== null) requireKnown('baseline', [baseline], armNames);
  requireKnown('quick', quick?.arms ?? [], armNames);
  requireKnown('quick', quick?.bases ?? [], baseNames);
  requireKnown('quick', (quick?.seeds ?? []).map(String), allSeeds.map(String));
  const axes =
    view.kind === 'table' ? [] : view.kind === 'lines' ? [view.x, view.series] : [view.x, view.y];
  const places = new Map<string, string>();
  for (const arm of arms) {
    const missing = axes.find((axis) => !(axis in arm.factors));
    if (missing !== undefined)
      complain('arms', `arm ${arm.name} has no factor "${missing}", which the view needs`);
    const place = axes.map((axis) => arm.factors[axis]).join(' and ');
    const other = places.get(place);
    if (axes.length > 0 && other !== undefined)
      complain('arms', `arms ${other} and ${arm.name} have the same place in the view: ${place}`);
    places.set(place, arm.name);
  }
  return complaints;
}

function select(
  study: StudyFile,
  { isQuick, bases, arms, seeds, overrides }: StudySelection,
): StudyFile {
  if (overrides.some(({ assignment }) => /^\s*seed\s*=/.test(assignment))) {
    throw new MgrpoError('USAGE', "a study sets every trial's seed itself; choose with --seeds");
  }
  if (isQuick && study.quick === null) {
    throw new MgrpoError('USAGE', `study ${study.name} has no quick form; leave out --quick`);
  }
  const quick = isQuick ? study.quick : null;
  const keptSeeds = seeds ?? quick?.seeds ?? null;
  const part = {
    ...study,
    name: isQuick ? `${study.name}-quick` : study.name,
    bases: pick('base', study.bases, bases ?? quick?.bases ?? null),
    arms: pick('arm', study.arms, arms ?? quick?.arms ?? null),
    seeds: {
      choose: study.seeds.choose.filter((seed) => keptSeeds?.includes(seed) ?? true),
      confirm: study.seeds.confirm.filter((seed) => keptSeeds?.includes(seed) ?? true),
    },
  };
  const known = [...study.seeds.choose, ...study.seeds.confirm];
  const unknown = keptSeeds?.find((seed) => !known.includes(seed));
  if (unknown !== undefined) {
    throw new MgrpoError('USAGE', `seed ${unknown} is none of the study's: ${known.join(', ')}`);
  }
  const hasBaseline = part.arms.some(({ name }) => name === study.baseline);
  return { ...part, baseline: hasBaseline ? study.baseline : null };
}

function pick<T extends { name: string }>(
  what: string,
  all: readonly T[],
  names: readonly string[] | null,
): T[] {
  const known = all.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new MgrpoError(
      'USAGE',
      `${what} "${unknown}" is none of the study's: ${known.join(', ')}`,
    );
  }
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

function modelSetting({ model }: StudyFile['bases'][number], folder: string) {
  return model === null ? {} : { 'model.path': resolve(folder, model) };
}

function overridesOf(settings: Readonly<Record<string, unknown>>, flag: string): Override[] {
  return Object.entries(settings).map(([path, value]) => ({
    flag,
    assignment: `${path}=${JSON.stringify(value)}`,
  }));
}
