import { mean } from '../statistics.ts';
import type { StudyResult } from '../study-result.ts';
import { trialPath } from '../trial-file.ts';
import type { SeedPurpose, Trial } from '../trial-record.ts';
import { type ArmSummary, comparedMeasures, trialsOf } from './arm-summary.ts';
import { sourceText } from './figure.ts';
import { seedWords, spreadCell, trialsAnchor } from './main-table.ts';
import { percent, points } from './number-text.ts';
import type { PairedDifferences } from './spread.ts';
import { spreadOf } from './spread.ts';
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

/** What the rollouts below the fence were over whole trials, whether or not the arm dropped them. */
export function lowEntropyTable(study: StudyResult, { base, purpose }: Of): Table {
  const columns: readonly (readonly [
    string,
    string,
    (trial: Trial) => number,
    (value: number) => string,
  ])[] = [
    [
      'policy',
      'Share of policy rollouts below the fence, %',
      ({ iterations }) => mean(iterations.map(({ low }) => low.policyShare)),
      percent,
    ],
    ['momentum', 'Share of momentum rollouts below the fence, %', momentumShare, percent],
    ['right', 'Of the rollouts below the fence, %', ratio('right', 'count'), percent],
    ['others right', 'Of all other rollouts, %', ratio('othersRight', 'others'), percent],
    [
      'for the label',
      'Of the rollouts below the fence: would have voted for the label, %',
      ratio('forLabel', 'count'),
      percent,
    ],
    [
      'labels changed',
      'Prompts of the whole training whose label their votes would change',
      total('flipped'),
      whole,
    ],
    ['to right', 'Of these: to the gold answer', total('flippedToRight'), whole],
    ['right to wrong', 'Of these: from the gold answer', total('flippedToWrong'), whole],
  ];
  const rows = study.arms.map(({ name, title }): Row => {
    const trials = trialsOf(study, { base, arm: name, purpose });
    const source = sourceText(
      base,
      name,
      trials.map(({ start }) => start.seed),
    );
    const cells = columns.map(([, , of, text]) =>
      spreadCell(spreadOf(trials.map(of).filter(Number.isFinite)), text, source),
    );
    return { cells: [{ text: title, href: `#${trialsAnchor(base, name)}` }, ...cells] };
  });
  return {
    caption:
      'Rollouts below the fence over all of training, measured whether or not the arm drops them: median and (lowest to highest)',
    columns: [{ title: 'arm' }, ...columns.map(([title, note]) => ({ title, note }))],
    rows,
  };
}

type LowCount = Exclude<keyof Trial['iterations'][number]['low'], 'policyShare' | 'momentumShare'>;

function total(key: LowCount): (trial: Trial) => number {
  return ({ iterations }) => iterations.reduce((sum, { low }) => sum + low[key], 0);
}

function ratio(part: LowCount, all: LowCount): (trial: Trial) => number {
  return (trial) => total(part)(trial) / total(all)(trial);
}

function momentumShare({ start, iterations }: Trial): number {
  return start.rollouts.momentum === 0
    ? Number.NaN
    : mean(iterations.map(({ low }) => low.momentumShare));
}

const whole = (value: number): string => String(Math.round(value * 10) / 10);

/** What an arm sets, besides what all have in common. */
export function armTable(study: StudyResult): Table {
  const rows = study.arms.map(({ name, title, set, isOurs }): Row => {
    const start = study.trials.find((trial) => trial.start.arm === name)?.start;
    const { policy, momentum, trained } = start?.rollouts ?? {};
    const settings = Object.entries(set).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
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
        { text: settings.join('; ') || 'as the recipe' },
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
