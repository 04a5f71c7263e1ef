import type { StudyResult } from '../study-result.ts';
import { trialPath } from '../trial-file.ts';
import type { SeedPurpose } from '../trial-record.ts';
import { type ArmSummary, comparedMeasures } from './arm-summary.ts';
import { sourceText } from './figure.ts';
import { seedWords, trialsAnchor } from './main-table.ts';
import { points } from './number-text.ts';
import type { PairedDifferences } from './spread.ts';
import type { Cell, Row, Table } from './table.ts';

type Of = { readonly base: string; readonly purpose: SeedPurpose };

/** Differences from the baseline, seed by seed; null for a study without one. */
export function differenceTable(
  study: StudyResult,
  summaries: readonly ArmSummary[],
  { base, purpose }: Of,
): Table | null {
  const baseline = study.arms.find(({ name }) => name === study.baseline);
  if (!baseline) return null;
  const rows = summaries.flatMap((one): Row[] => {
    if (one.base !== base || one.purpose !== purpose || !one.differences) return [];
    const { differences } = one;
    const { title } = study.arms.find(({ name }) => name === one.arm)!;
    const cells = comparedMeasures.map((name) =>
      differenceCell(differences[name], one, baseline.name),
    );
    const href = `#${trialsAnchor(base, one.arm)}`;
    return [{ cells: [{ text: title, href }, ...cells] }];
  });
  return {
    caption: `Difference from ${baseline.title} in points, seed by seed (${seedWords[purpose]} seeds): median, lowest to highest, seeds above 0, and p of the two-sided sign test. With n seeds p is never below 2/2ⁿ (0.25 of 3): the seeds are few, so read the differences`,
    columns: [
      { title: 'arm' },
      { title: 'final' },
      { title: 'best' },
      { title: `final at T = ${study.measure.temperature}` },
      { title: 'entropy-matched' },
    ],
    rows,
  };
}

function differenceCell(
  paired: PairedDifferences | null,
  { base, arm }: ArmSummary,
  baseline: string,
): Cell {
  if (paired === null) return { text: '–' };
  const source = `${sourceText(base, arm, paired.seeds)} minus ${base}/${baseline}`;
  const range = paired.count > 1 ? `${points(paired.min)} to ${points(paired.max)}; ` : '';
  const small = `${range}${paired.numPositive} of ${paired.count} up, p ${Number(paired.signTestP.toPrecision(2))}`;
  return { text: points(paired.median), small, source };
}

/** Keys of a configuration with their values, as JSON. */
export function settingsText(settings: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return texts.join('; ');
}

/** What an arm sets, besides what all have in common. */
export function armTable(study: StudyResult): Table {
  const rows = study.arms.map(({ name, title, set, isOurs }): Row => {
    const start = study.trials.find((trial) => trial.start.arm === name)?.start;
    const { policy, momentum, trained } = start?.rollouts ?? {};
    const count = (value: number | undefined) => ({
      text: value === undefined ? '–' : String(value),
    });
    const first = isOurs ? { text: title, mark: 'ours' } : { text: title };
    return {
      cells: [
        first,
        { text: name },
        count(policy),
        count(momentum),
        count(trained),
        { text: settingsText(set) || 'as the recipe' },
      ],
    };
  });
  return {
    caption: 'Arms: what differs between them',
    columns: [
      { title: 'arm' },
      { title: 'name' },
      { title: 'M', note: 'Policy rollouts of a prompt' },
      { title: 'N', note: 'Momentum rollouts of a prompt' },
      { title: 'trained', note: 'Policy rollouts of a prompt that the policy trains on' },
      { title: 'settings' },
    ],
    rows,
  };
}

/** Every trial behind the numbers. */
export function trialTable(study: StudyResult): Table {
  const seen = new Set<string>();
  const rows = study.trials.map(({ start, end }): Row => {
    const anchor = trialsAnchor(start.base, start.arm);
    const isFirst = !seen.has(anchor);
    seen.add(anchor);
    const path = trialPath(start).replaceAll('\\', '/');
    return {
      ...(isFirst && { id: anchor }),
      cells: [
        { text: `${start.base}/${start.arm}` },
        { text: String(start.seed) },
        { text: start.purpose === 'confirm' ? 'confirms' : 'chose' },
        { text: String(start.iterations) },
        { text: end.seconds.toFixed(0) },
        { text: short(end.weightsSha256), source: end.weightsSha256 },
        { text: short(start.sha256), source: start.sha256 },
        { text: path, href: path },
      ],
    };
  });
  return {
    caption: 'Trials: every number above is of these files',
    columns: [
      { title: 'base/arm' },
      { title: 'seed' },
      { title: 'purpose' },
      { title: 'iterations' },
      { title: 'seconds' },
      { title: 'weights sha256', note: 'Of the final policy' },
      { title: 'configuration sha256', note: 'Of configuration, weights, prompts and machine' },
      { title: 'file' },
    ],
    rows,
  };
}

const short = (sha256: string): string => sha256.slice(0, 12);
