import { type CollapseOptions, quantile } from '@mgrpo/algorithm';
import { judgeSentinel, type SentinelVerdict, type WatchedTrial } from './judge-sentinel.ts';
import type { StudyResult } from './study-result.ts';

/** How the sentinel did on the trials of one kind. */
export interface SentinelRow {
  readonly title: string;
  readonly numTrials: number;
  /** Trials that lost a quarter of their best greedy accuracy; the next three add up to it. */
  readonly collapsed: number;
  readonly caught: number;
  readonly late: number;
  readonly missed: number;
  /** Iterations from the alarm to the loss, of the caught ones: lowest, median, highest. */
  readonly lead: readonly [number, number, number] | null;
  /** Trials that kept their accuracy and were suspected. */
  readonly falseAlarms: number;
}

/** Counts the verdicts on trials of one kind. */
export function sentinelRow(
  title: string,
  trials: readonly WatchedTrial[],
  options: CollapseOptions,
): SentinelRow {
  const verdicts = trials.map((trial) => judgeSentinel(trial, options));
  const count = (kind: SentinelVerdict['kind']) =>
    verdicts.filter((verdict) => verdict.kind === kind).length;
  const leads = verdicts
    .flatMap((verdict) => (verdict.kind === 'caught' ? [verdict.leadIterations] : []))
    .sort((a, b) => a - b);
  const [caught, late, missed] = [count('caught'), count('late'), count('missed')];
  return {
    title,
    numTrials: trials.length,
    collapsed: caught + late + missed,
    caught,
    late,
    missed,
    lead:
      leads.length === 0
        ? null
        : [leads[0]!, quantile(Float64Array.from(leads), 0.5), leads.at(-1)!],
    falseAlarms: count('false-alarm'),
  };
}

/** The signs that a sentinel can be judged by alone. */
const signs = {
  'same-answer': 'collisionRise',
  'roles-disagree': 'disagreementRise',
  'agreement-falls': 'agreementFall',
  'labels-conflict': 'conflictRise',
  'entropy-rises': 'entropyRise',
  'responses-shrink': 'lengthFall',
} as const satisfies Record<string, keyof CollapseOptions>;

/** One row for each sign alone, over all trials: what each of them is worth. */
export function signRows(trials: readonly WatchedTrial[], options: CollapseOptions): SentinelRow[] {
  const off = Object.fromEntries(Object.values(signs).map((key) => [key, null]));
  return Object.entries(signs).map(([title, key]) =>
    sentinelRow(title, trials, { ...options, ...off, [key]: options[key] }),
  );
}

/** Rows of the sentinel as texts, for the page and for Markdown. */
export interface SentinelTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** @param label what the rows' titles name */
export function sentinelTable(
  title: string,
  label: string,
  rows: readonly SentinelRow[],
): SentinelTable {
  return {
    title,
    columns: [
      label,
      'runs',
      'collapsed',
      'caught',
      'late',
      'missed',
      'lead in iterations',
      'false alarms',
    ],
    rows: rows.map(({ title: name, numTrials, collapsed, lead, falseAlarms, ...counts }) => [
      name,
      `${numTrials}`,
      `${collapsed}`,
      `${counts.caught}`,
      `${counts.late}`,
      `${counts.missed}`,
      lead === null ? '-' : `${lead[1]} (${lead[0]} to ${lead[2]})`,
      `${falseAlarms} of ${numTrials - collapsed}`,
    ]),
  };
}

/**
 * How the sentinel did on a study's trials: by base and arm, then all of a base without and with gold labels.
 *
 * @param gold names of the arms that train on gold labels
 */
export function studySentinel(
  { bases, arms, trials }: Pick<StudyResult, 'bases' | 'arms' | 'trials'>,
  options: CollapseOptions,
  gold: ReadonlySet<string>,
): SentinelTable {
  const rows = bases.flatMap((base) => {
    const own = trials.filter(({ start }) => start.base === base.name);
    const row = (title: string, holds: (arm: string) => boolean) =>
      sentinelRow(
        `${base.name}: ${title}`,
        own.filter(({ start }) => holds(start.arm)),
        options,
      );
    return [
      ...arms.map(({ name, title }) => row(title, (arm) => arm === name)),
      row('all arms without labels', (arm) => !gold.has(arm)),
      row('all arms with gold labels', (arm) => gold.has(arm)),
    ];
  });
  const title =
    'All seeds, those that chose and those that confirm; thresholds as by default. Collapsed: greedy accuracy lost a quarter of its best. Caught: suspected before that. False alarm: suspected, and did not collapse.';
  return sentinelTable(
    title,
    'base and arm',
    rows.filter(({ numTrials }) => numTrials > 0),
  );
}
