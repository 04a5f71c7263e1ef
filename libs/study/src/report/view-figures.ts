import { type ChartLine, heatMap, lineChart, lineLook } from '@mgrpo/charts';
import type { StudyArm, StudyResult, StudyView } from '../study-result.ts';
import { headlinePurpose, trialsOf } from './arm-summary.ts';
import { type Figure, figureOf, sourceText } from './figure.ts';
import { points as inPoints } from './number-text.ts';
import { spreadOf } from './spread.ts';
import { summarizeTrial, type TrialMeasures } from './trial-summary.ts';

/** What the study's view adds to its tables: lines over a factor, or a map over two. */
export function viewFigures(study: StudyResult, base: string): Figure[] {
  if (study.view.kind === 'lines') return factorLines(study, base, study.view);
  if (study.view.kind === 'heat-map') return phaseMap(study, base, study.view);
  return [];
}

/** Best and final accuracy over a factor, as the paper's Tables 1 and 3. */
function factorLines(
  study: StudyResult,
  base: string,
  { x, series }: StudyView & { kind: 'lines' },
): Figure[] {
  const xs = valuesOf(study, x);
  const isNumeric = xs.every((value) => typeof value === 'number');
  const xNames = isNumeric ? null : xs.map(String);
  const lines = valuesOf(study, series).flatMap((value, index): ChartLine[] => {
    const arms = study.arms.filter((arm) => arm.factors[series] === value);
    const line = (name: 'best' | 'final', isThin: boolean): ChartLine => ({
      key: String(index),
      title: `${value}, ${name}`,
      look: lineLook(index + (isThin ? dashed : 0)),
      hasDots: true,
      isThin,
      source: arms.map((arm) => sourceOf(study, base, arm)).join('; '),
      points: arms
        .flatMap((arm) => {
          const spread = measured(study, base, arm, name);
          const at = xNames ? xs.indexOf(arm.factors[x]!) : Number(arm.factors[x]);
          return spread ? [{ x: at, y: spread.median, low: spread.min, high: spread.max }] : [];
        })
        .sort((a, b) => a.x - b.x),
    });
    return [line('final', false), line('best', true)];
  });
  const drawing = lineChart({
    label: `Best and final greedy accuracy over ${x} from ${base}`,
    xTitle: x,
    xKind: isNumeric && isWide(xs.map(Number)) ? 'log' : 'linear',
    ...(xNames && { xNames }),
    lines,
    range: [0, 1],
    width: 640,
  });
  return figureOf(drawing, {
    name: `view-${base}`,
    title: `Best and final accuracy over ${x}`,
    note: `Greedy accuracy on held-out problems, one colour for each ${series}: final with its spread, best dashed. (Paper: Tables 1 and 3)`,
    legend: lines.filter(({ points }) => points.length > 0),
    isByArm: false,
  });
}

/** Final minus best over two factors: where training holds. */
function phaseMap(
  study: StudyResult,
  base: string,
  { x, y }: StudyView & { kind: 'heat-map' },
): Figure[] {
  const [columns, rows] = [valuesOf(study, x), valuesOf(study, y)];
  const cells = study.arms.flatMap((arm) => {
    const spread = measured(study, base, arm, 'finalMinusBest');
    if (spread === null) return [];
    const range = `${inPoints(spread.min)} to ${inPoints(spread.max)}`;
    return [
      {
        column: columns.indexOf(arm.factors[x]!),
        row: rows.indexOf(arm.factors[y]!),
        value: spread.median,
        text: inPoints(spread.median),
        source: `${arm.title}: ${inPoints(spread.median)} (${range}); ${sourceOf(study, base, arm)}`,
      },
    ];
  });
  const drawing = heatMap({
    label: `Final minus best accuracy over ${x} and ${y} from ${base}`,
    columns: { title: x, names: columns.map(String) },
    rows: { title: y, names: rows.map(String) },
    cells,
  });
  return figureOf(drawing, {
    name: `view-${base}`,
    title: 'Final minus best',
    note: `Points of greedy accuracy lost since the best evaluation, median of the seeds: the stronger the colour, the deeper the fall.`,
    legend: [],
    isByArm: false,
  });
}

// Six looks on, the same colour is dashed.
const dashed = 6;

function valuesOf({ arms }: StudyResult, factor: string): (string | number)[] {
  const values = [...new Set(arms.flatMap(({ factors }) => factors[factor] ?? []))];
  return values.every((value) => typeof value === 'number')
    ? values.sort((a, b) => Number(a) - Number(b))
    : values;
}

function isWide(values: readonly number[]): boolean {
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) / low >= 8;
}

function measured(study: StudyResult, base: string, arm: StudyArm, name: keyof TrialMeasures) {
  const trials = trialsOf(study, { base, arm: arm.name, purpose: headlinePurpose(study) });
  return spreadOf(trials.map((trial) => summarizeTrial(trial).measures[name]));
}

function sourceOf(study: StudyResult, base: string, { name }: StudyArm): string {
  const trials = trialsOf(study, { base, arm: name, purpose: headlinePurpose(study) });
  return sourceText(
    base,
    name,
    trials.map(({ start }) => start.seed),
  );
}
