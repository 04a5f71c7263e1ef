import type { CollapseOptions } from '@mgrpo/algorithm';
import { judgeSentinel, type SentinelVerdict, type WatchedTrial } from './judge-sentinel.ts';

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
      leads.length === 0 ? null : [leads[0]!, leads[Math.floor(leads.length / 2)]!, leads.at(-1)!],
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

const heads = ['runs', 'collapsed', 'caught', 'late', 'missed', 'lead', 'false alarms'];

/** The rows as a Markdown table. */
export function sentinelTable(label: string, rows: readonly SentinelRow[]): string {
  const lines = rows.map(({ title, numTrials, collapsed, caught, late, missed, lead, ...row }) => {
    const leadText = lead === null ? '' : `${lead[1]} (${lead[0]} to ${lead[2]})`;
    const alarms = `${row.falseAlarms} of ${numTrials - collapsed}`;
    return [title, numTrials, collapsed, caught, late, missed, leadText, alarms];
  });
  const table = [[label, ...heads], ['---', ...heads.map(() => '---')], ...lines];
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
