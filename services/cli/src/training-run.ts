import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { runFiles } from '@mgrpo/checkpoint';
import { loadRunConfig, type Override, type RunConfig, runIdentity } from '@mgrpo/config';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import { newestRunFolder } from './newest-run.ts';
import { setSettings, textSetting, valueSetting, workerSettings } from './settings.ts';

export interface TrainFlags {
  readonly run?: string;
  readonly resume?: boolean;
  readonly iterations?: string;
  readonly seed?: string;
  readonly model?: string;
  readonly prompts?: string;
  readonly workers?: string;
  readonly redis?: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** What `mgrpo train` is going to do. */
export interface TrainingRun {
  readonly config: RunConfig;
  /** Absolute. */
  readonly folder: string;
  /** Whether the folder holds the run already. */
  readonly isResumed: boolean;
}

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The checkout: home of the default recipe. */
  readonly root: string;
  /** Names a new run folder. */
  readonly now: Date;
}

/**
 * Decides folder and configuration of a run.
 *
 * A run that goes on takes its own stored configuration, never the recipe, which may have changed since.
 *
 * @throws USAGE when the folder holds a run and --resume is missing, or the other way round, or when it holds what is no
 *   run's: a model folder has a `config.json` of its own
 */
export function planTraining(
  recipe: string | undefined,
  flags: TrainFlags,
  { environment, root, now }: Surroundings,
): TrainingRun {
  const recipeFile = recipeFileOf(recipe, root);
  const name = basename(recipeFile).replace(/\.ya?ml$/, '');
  const isResumed = flags.resume === true;
  const folder = resolve(
    flags.run ?? (isResumed ? newestRunFolder(name) : join('runs', `${name}-${timestamp(now)}`)),
  );
  const holdsRun = existsSync(join(folder, runFiles.manifest));
  if (holdsRun && !isResumed) {
    throw new MgrpoError(
      'USAGE',
      `${folder} already holds a run; go on with it by --resume, or choose another folder by --run`,
    );
  }
  if (isResumed && !holdsRun) {
    throw new MgrpoError('USAGE', `${folder} holds no run; leave out --resume to start one there`);
  }
  if (!isResumed) requireNothingElse(folder);
  const config = loadRunConfig({
    file: isResumed ? join(folder, runFiles.config) : recipeFile,
    environment,
    overrides: overridesOf(flags),
  });
  if (isResumed) requireSameRun(folder, config);
  return { config, folder, isResumed };
}

/** What a start that ended before there was a run may have left, and what file systems bring. */
const harmlessNames: ReadonlySet<string> = new Set([
  ...Object.values(runFiles),
  ...['logs', 'redis', 'summary.json', 'report.html', 'lost+found'],
]);

/** @throws USAGE when a new run would write among files that are not its own */
function requireNothingElse(folder: string): void {
  const others = namesIn(folder).filter(
    (name) => !name.startsWith('.') && !harmlessNames.has(name),
  );
  if (others.length === 0) return;
  const some = others.slice(0, 3).join(', ') + (others.length > 3 ? ', …' : '');
  throw new MgrpoError(
    'USAGE',
    `${folder} holds other things (${some}); choose a new or an empty folder by --run`,
  );
}

function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new MgrpoError(
      'USAGE',
      `${folder} can't be the folder of a run (${messageOf(error)}); choose another one by --run`,
      { cause: error },
    );
  }
}

/** The recipe's configuration with what environment and command line set: what a start knows of a run that it has yet to find. */
export function configOfRecipe(
  recipe: string | undefined,
  flags: TrainFlags,
  { environment, root }: Pick<Surroundings, 'environment' | 'root'>,
): RunConfig {
  const file = recipeFileOf(recipe, root);
  return loadRunConfig({ file, environment, overrides: overridesOf(flags) });
}

function recipeFileOf(recipe: string | undefined, root: string): string {
  return recipe ?? join(root, 'recipes', 'arithmetic.yaml');
}

function overridesOf(flags: TrainFlags): Override[] {
  return [
    ...valueSetting('--iterations', 'iterations', flags.iterations),
    ...valueSetting('--seed', 'seed', flags.seed),
    ...textSetting('--model', 'model.path', flags.model),
    ...textSetting('--prompts', 'prompts.train', flags.prompts),
    ...textSetting('--redis', 'deployment.redis.url', flags.redis),
    ...workerSettings(flags.workers),
    ...setSettings(flags.set),
  ];
}

/** @throws USAGE naming the keys by which a run that goes on would become another one */
function requireSameRun(folder: string, config: RunConfig): void {
  const file = join(folder, runFiles.config);
  const stored = loadRunConfig({ file, environment: {}, overrides: [] });
  const changed = differences(identityOf(stored), identityOf(config));
  if (changed.length === 0) return;
  throw new MgrpoError(
    'USAGE',
    `a run that goes on keeps its configuration, and ${changed.join(', ')} would change; leave that out, or start a new run without --resume`,
  );
}

/** What of a configuration may not change; the learner compares the contents of the files. */
function identityOf(config: RunConfig): unknown {
  const validationPrompts = config.prompts.validation === null ? null : '';
  return JSON.parse(runIdentity(config, { model: '', trainPrompts: '', validationPrompts }));
}

/** Dotted paths of the values that differ. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if (
    typeof before !== 'object' ||
    typeof after !== 'object' ||
    before === null ||
    after === null
  ) {
    return Object.is(before, after) ? [] : [path];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) =>
    differences(
      (before as Record<string, unknown>)[key],
      (after as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    ),
  );
}

/** Local time as `20261123-090501`, which sorts. */
function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
