import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultCollapseOptions, evidenceKind, methods } from '@mgrpo/algorithm';
import {
  type BaseControl,
  findTrials,
  measureControls,
  openResults,
  type PlannedTrial,
  planStudy,
  runStudy,
  type StudyEvent,
  type StudyPlan,
  studyFiles,
  studyResult,
  studySentinel,
  studyText,
  type Trial,
  writeResult,
} from '@mgrpo/study';
import { StudyProgress } from '../progress/study-progress.ts';
import { setSettings } from '../settings.ts';
import { stopSignal } from '../stop-signal.ts';

export interface StudyFlags {
  readonly out?: string;
  readonly quick?: boolean;
  readonly jobs?: number;
  readonly bases?: readonly string[];
  readonly arms?: readonly string[];
  readonly seeds?: readonly number[];
  readonly set: readonly string[];
  readonly json?: boolean;
}

const defaultStudy = fileURLToPath(
  new URL('../../../../recipes/studies/collapse.yaml', import.meta.url),
);

/** Runs arms × bases × seeds, shows how it goes, and writes the report after every trial. */
export async function study(file: string | undefined, flags: StudyFlags): Promise<number> {
  const plan = planStudy(resolve(file ?? defaultStudy), {
    isQuick: flags.quick === true,
    bases: flags.bases ?? null,
    arms: flags.arms ?? null,
    seeds: flags.seeds ?? null,
    overrides: setSettings(flags.set),
  });
  const folder = resolve(flags.out ?? join('studies', plan.name));
  openResults(folder);
  const jobs = Math.min(flags.jobs ?? availableParallelism(), plan.trials.length);
  const progress = new StudyProgress(process.stdout, {
    json: flags.json === true,
    trials: plan.trials,
    now: () => performance.now(),
  });
  progress.notice(headline(plan, folder, jobs));
  const stop = stopSignal((message) => progress.notice(message));
  const finished: Trial[] = [];
  let controls: readonly BaseControl[] = [];
  let numFailed = 0;
  const onEvent = (event: StudyEvent) => {
    if (event.kind === 'finished' || event.kind === 'kept') finished.push(event.trial);
    if (event.kind === 'finished') writeReport(plan, folder, { trials: finished, controls });
    if (event.kind === 'failed') numFailed += 1;
    progress.event(event);
  };
  try {
    // Refuses results of other settings before it measures controls over theirs.
    await findTrials(plan, folder);
    controls = await measureControls(plan, { folder, signal: stop.signal });
    const trials = await runStudy(plan, { folder, jobs, signal: stop.signal, onEvent });
    if (trials.length > 0) writeReport(plan, folder, { trials, controls });
    progress.end(`${studyText(studyResult(plan, trials))}\n${farewell(plan, folder, trials)}`, {
      report: join(folder, 'study.html'),
      finished: trials.length,
      planned: plan.trials.length,
    });
    return stop.exitCode || (numFailed > 0 ? 1 : 0);
  } finally {
    stop.release();
  }
}

function headline({ title, bases, arms, seeds, trials }: StudyPlan, folder: string, jobs: number) {
  const numSeeds = seeds.choose.length + seeds.confirm.length;
  return [
    `${title}: ${trials.length} trials (${arms.length} arms × ${bases.length} bases × ${numSeeds} seeds), ${jobs} at a time`,
    `Results: ${nameOf(folder)}; what is there already is kept`,
  ].join('\n');
}

function farewell({ trials }: StudyPlan, folder: string, finished: readonly Trial[]): string {
  if (finished.length === 0) return 'No trial is finished.';
  const report = join(nameOf(folder), 'study.html');
  if (finished.length === trials.length) return `Finished. Open ${report}`;
  return `${finished.length} of ${trials.length} trials are finished; the same command goes on. Open ${report}`;
}

/** Relative where that is shorter to read. */
function nameOf(folder: string): string {
  const name = relative('.', folder);
  return name.startsWith('..') ? folder : name;
}

/** Writes the report's files; each replaces its forerunner in one step. */
function writeReport(
  plan: StudyPlan,
  folder: string,
  { trials, controls }: { trials: readonly Trial[]; controls: readonly BaseControl[] },
): void {
  const result = studyResult(plan, trials);
  const files = studyFiles(result, {
    controls,
    settings: plan.settings,
    sentinel: studySentinel(result, defaultCollapseOptions, goldArms(plan)),
  });
  for (const [name, content] of files) {
    writeResult(join(folder, name), content);
  }
}

/** The arms that train on gold answers, by whatever setting. */
function goldArms({ trials }: StudyPlan): Set<string> {
  const isGold = ({ config }: PlannedTrial) =>
    evidenceKind(methods[config.algorithm.method]) === 'gold';
  return new Set(trials.filter(isGold).map(({ arm }) => arm));
}
