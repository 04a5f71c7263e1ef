import type { EvaluationMeasure } from '../measure-policy.ts';
import { mean } from '../statistics.ts';
import type { StudyResult } from '../study-result.ts';
import type { SeedPurpose } from '../trial-record.ts';
import { type ArmSummary, trialsOf } from './arm-summary.ts';
import { sourceText } from './figure.ts';
import { percent, plain, points } from './number-text.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { Cell, Column, Row, Table } from './table.ts';
import type { TrialMeasures } from './trial-summary.ts';

/** An untrained base measured in another way, for example with its logits rescaled. */
export interface BaseControl {
  readonly base: string;
  readonly title: string;
  readonly measure: EvaluationMeasure;
}

interface MeasureColumn extends Column {
  readonly measure: keyof TrialMeasures;
  readonly text: (value: number) => string;
  /** Whether the highest value is the best. */
  readonly isRanked: boolean;
}

/** Best and final of every arm on one base, as the paper's Table 2, with what explains them. */
export function mainTable(
  study: StudyResult,
  summaries: readonly ArmSummary[],
  of: {
    readonly base: string;
    readonly purpose: SeedPurpose;
    readonly controls: readonly BaseControl[];
  },
): Table {
  const { base, purpose } = of;
  const columns = measureColumns(study);
  const own = summaries.filter((one) => one.base === base && one.purpose === purpose);
  const tops = new Map(columns.map(({ measure }) => [measure, topOf(own, measure)]));
  const rows = own.map((summary): Row => {
    const arm = study.arms.find(({ name }) => name === summary.arm)!;
    const source = sourceText(base, arm.name, summary.seeds);
    const name = { text: arm.title, href: `#${trialsAnchor(base, arm.name)}`, source };
    const cells = columns.map(({ measure, text, isRanked }) => {
      const spread = summary.spreads[measure];
      const isTop = isRanked && spread !== null && spread.median === tops.get(measure);
      return { ...spreadCell(spread, text, source), isTop };
    });
    const marked = arm.isOurs ? { ...name, mark: 'ours' } : name;
    return { cells: [marked, ...withFall(cells, fallCell(summary, source))] };
  });
  const references = [...baseRows(study, of, columns), ...controlRows(of, columns)];
  return {
    caption: `Accuracy on held-out problems in %, median of the ${seedWords[purpose]} seeds and (lowest to highest)`,
    columns: [{ title: 'arm' }, ...withFall(columns, fallColumn)],
    rows: [...references, ...rows],
  };
}

export const seedWords = { confirm: 'confirming', choose: 'choosing' } as const;

/** Where the appendix lists an arm's trials. */
export function trialsAnchor(base: string, arm: string): string {
  return `trials-${base}-${arm}`;
}

/** A spread as `median (lowest to highest)`; one seed has none. */
export function spreadCell(
  spread: Spread | null,
  text: (value: number) => string,
  source: string,
): Cell {
  if (spread === null) return { text: '–', source };
  const range = `${text(spread.min)} to ${text(spread.max)}`;
  return { text: text(spread.median), source, ...(spread.count > 1 && { small: range }) };
}

/** Puts what is about the fall behind best, final and their difference. */
function withFall<T>(ofMeasures: readonly T[], ofFall: T): T[] {
  return [...ofMeasures.slice(0, 3), ofFall, ...ofMeasures.slice(3)];
}

const fallColumn: Column = {
  title: 'fell at',
  note: 'Trials with an evaluation more than 10 points below their own best so far, and the iteration of the first such evaluation',
};

function measureColumns({ measure: { temperature, samples } }: StudyResult): MeasureColumn[] {
  return [
    {
      measure: 'best',
      title: 'best',
      note: 'Highest greedy accuracy of all evaluations, the untrained base among them',
      text: percent,
      isRanked: true,
    },
    {
      measure: 'final',
      title: 'final',
      note: 'Greedy accuracy after the last iteration',
      text: percent,
      isRanked: true,
    },
    {
      measure: 'finalMinusBest',
      title: 'final − best',
      note: 'Points',
      text: points,
      isRanked: true,
    },
    {
      measure: 'sampled',
      title: `final at T = ${temperature}`,
      note: `Sampled at temperature ${temperature}, ${samples} samples a problem`,
      text: percent,
      isRanked: true,
    },
    {
      measure: 'passAtK',
      title: `pass@${2 ** Math.floor(Math.log2(samples))}`,
      note: 'Share of problems with a right answer among that many samples, after the last iteration',
      text: percent,
      isRanked: true,
    },
    {
      measure: 'matched',
      title: 'entropy-matched',
      note: `The final policy with its logits rescaled until its entropy is the base's at temperature ${temperature}`,
      text: percent,
      isRanked: true,
    },
    {
      measure: 'matchedGain',
      title: 'over the base',
      note: "Entropy-matched accuracy minus the base's at the same entropy, in points: what was learned besides sharpness",
      text: points,
      isRanked: false,
    },
    {
      measure: 'selfReward',
      title: 'reward at the end',
      note: 'Mean training reward of the last 10 iterations; methods reward different things, most a share of 1',
      text: plain,
      isRanked: false,
    },
  ];
}

function topOf(summaries: readonly ArmSummary[], measure: keyof TrialMeasures): number {
  return Math.max(...summaries.flatMap(({ spreads }) => spreads[measure]?.median ?? []));
}

function fallCell({ falls, seeds }: ArmSummary, source: string): Cell {
  if (seeds.length === 0) return { text: '–', source };
  if (falls.first === null) return { text: 'never', source };
  const small = `${falls.count} of ${seeds.length}`;
  return { text: String(Math.round(falls.first.median)), small, source };
}

/** The untrained base as the trials measured it before their first iteration. */
function baseRows(
  study: StudyResult,
  { base, purpose }: { readonly base: string; readonly purpose: SeedPurpose },
  columns: readonly MeasureColumn[],
): Row[] {
  const arms = study.arms.flatMap(({ name }) => trialsOf(study, { base, arm: name, purpose }));
  // Every arm of a seed has measured the same base in the same way.
  const bySeed = new Map(arms.map((trial) => [trial.start.seed, trial.evaluations[0]!]));
  const first = [...bySeed.values()];
  if (first.length === 0) return [];
  const source = `evaluation before training, seeds ${[...bySeed.keys()].sort((a, b) => a - b).join(', ')}`;
  const sampled = spreadOf(first.map((one) => one.sampled.accuracy));
  const known: Partial<Record<keyof TrialMeasures, Spread | null>> = {
    final: spreadOf(first.map(({ greedy }) => greedy.accuracy)),
    sampled,
    passAtK: spreadOf(first.map((one) => Object.values(one.sampled.passAtK).at(-1)!)),
    matched: sampled,
  };
  return [referenceRow('untrained base', known, columns, source)];
}

function controlRows(
  { base, controls }: { readonly base: string; readonly controls: readonly BaseControl[] },
  columns: readonly MeasureColumn[],
): Row[] {
  return controls
    .filter((control) => control.base === base)
    .map(({ title, measure }) => {
      const known = {
        sampled: spreadOf([measure.accuracy]),
        passAtK: spreadOf([mean(Object.values(measure.passAtK).slice(-1))]),
      };
      const source = `untrained base at temperature ${measure.temperature.toPrecision(3)}, ${measure.samples} samples a problem`;
      return referenceRow(title, known, columns, source);
    });
}

function referenceRow(
  title: string,
  known: Partial<Record<keyof TrialMeasures, Spread | null>>,
  columns: readonly MeasureColumn[],
  source: string,
): Row {
  const cells = columns.map(({ measure, text }) => {
    const spread = known[measure];
    return spread ? spreadCell(spread, text, source) : { text: '' };
  });
  return { isReference: true, cells: [{ text: title, source }, ...withFall(cells, { text: '' })] };
}
