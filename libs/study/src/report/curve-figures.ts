import { type LegendEntry, lineChart } from '@mgrpo/charts';
import type { StudyResult } from '../study-result.ts';
import type { Trial } from '../trial-record.ts';
import { type CurveFigure, lowEntropy, mechanism, training } from './curve-measures.ts';
import { band } from './curves.ts';
import { type Figure, figureOf, type ShownArm, shownArms } from './figure.ts';

const groups = { training, mechanism, lowEntropy } as const;

/** Figures of one group for one base: median of the seeds as a line, their extremes as a band. */
export function curveFigures(
  study: StudyResult,
  base: string,
  group: keyof typeof groups,
): Figure[] {
  const isShown = group === 'lowEntropy' ? hasLowEntropy : () => true;
  const arms = shownArms(study, base).filter(({ trials }) => isShown(trials));
  const width = group === 'training' ? 560 : 440;
  return groups[group].flatMap((figure) => curveFigure({ ...figure, width }, base, arms));
}

function curveFigure(
  figure: CurveFigure & { readonly width: number },
  base: string,
  arms: readonly ShownArm[],
): Figure[] {
  const { title, note, range, width, curve, shows = () => true } = figure;
  const lines = arms
    .filter(({ trials }) => shows(trials))
    .map((arm) => ({
      key: arm.name,
      title: arm.title,
      look: arm.look,
      source: arm.source,
      points: band(arm.trials.map(curve)),
    }));
  const legend: LegendEntry[] = lines.filter(({ points }) => points.length > 0);
  const label = `${title} over training from ${base}`;
  const xEnd = iterationsOf(arms);
  const axes = { xTitle: 'iterations', xKind: 'linear', xEnd, range, width } as const;
  const drawing = lineChart({ label, lines, ...axes });
  return figureOf(drawing, { name: `${figure.name}-${base}`, title, note, legend, isByArm: true });
}

/** Whether any rollout was below a fence. */
export function hasLowEntropy(trials: readonly Trial[]): boolean {
  return trials.some(({ iterations }) => iterations.some(({ low }) => low.count > 0));
}

/** Iterations of the longest trial. */
export function iterationsOf(arms: readonly ShownArm[]): number {
  return Math.max(0, ...arms.flatMap(({ trials }) => trials.map(({ start }) => start.iterations)));
}
