import { mean } from '../statistics.ts';
import type { StudyResult } from '../study-result.ts';
import type { SeedPurpose, Trial } from '../trial-record.ts';
import { trialsOf } from './arm-summary.ts';
import { hasLowEntropy } from './curve-figures.ts';
import { sourceText } from './figure.ts';
import { spreadCell, trialsAnchor } from './main-table.ts';
import { percent } from './number-text.ts';
import { spreadOf } from './spread.ts';
import type { Column, Row, Table } from './table.ts';

interface TrialColumn extends Column {
  readonly of: (trial: Trial) => number;
  readonly text: (value: number) => string;
}

const columns: readonly TrialColumn[] = [
  {
    title: 'policy',
    note: 'Share of policy rollouts below the fence, %',
    of: ({ iterations }) => mean(iterations.map(({ low }) => low.policyShare)),
    text: percent,
  },
  {
    title: 'momentum',
    note: 'Share of momentum rollouts below the fence, %',
    of: momentumShare,
    text: percent,
  },
  {
    title: 'right',
    note: 'Of the rollouts below the fence, %',
    of: ratio('right', 'count'),
    text: percent,
  },
  {
    title: 'others right',
    note: 'Of all other rollouts, %',
    of: ratio('othersRight', 'others'),
    text: percent,
  },
  {
    title: 'for the label',
    note: 'Of the rollouts below the fence: would have voted for the label, %',
    of: ratio('forLabel', 'count'),
    text: percent,
  },
  {
    title: 'labels changed',
    note: 'Prompts of the whole training whose label their votes would change',
    of: total('flipped'),
    text: whole,
  },
  {
    title: 'to right',
    note: 'Of these: to the gold answer',
    of: total('flippedToRight'),
    text: whole,
  },
  {
    title: 'right to wrong',
    note: 'Of these: from the gold answer',
    of: total('flippedToWrong'),
    text: whole,
  },
];

/** What the rollouts below the fence were over whole trials; null where no arm has any. */
export function lowEntropyTable(
  study: StudyResult,
  { base, purpose }: { readonly base: string; readonly purpose: SeedPurpose },
): Table | null {
  const rows = study.arms.flatMap(({ name, title }): Row[] => {
    const trials = trialsOf(study, { base, arm: name, purpose });
    if (!hasLowEntropy(trials)) return [];
    const seeds = trials.map(({ start }) => start.seed);
    const source = sourceText(base, name, seeds);
    const cells = columns.map(({ of, text }) =>
      spreadCell(spreadOf(trials.map(of).filter(Number.isFinite)), text, source),
    );
    return [{ cells: [{ text: title, href: `#${trialsAnchor(base, name)}`, source }, ...cells] }];
  });
  if (rows.length === 0) return null;
  return {
    caption: 'Rollouts below the fence over all of training: median and (lowest to highest)',
    columns: [{ title: 'arm' }, ...columns],
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

function whole(value: number): string {
  return String(Math.round(value * 10) / 10);
}
