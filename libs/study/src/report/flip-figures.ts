import { areaLook, stackedChart } from '@mgrpo/charts';
import { mean } from '../statistics.ts';
import type { StudyResult } from '../study-result.ts';
import type { EvaluationRecord, LabelFlips } from '../trial-record.ts';
import { type Figure, figureOf, type ShownArm, shownArms } from './figure.ts';

/** Layers from the bottom: right now below, wrong now above. */
const layers: readonly (readonly [keyof LabelFlips, string])[] = [
  ['keptRight', 'right, as the base was'],
  ['wonRight', 'won: the base was wrong'],
  ['lostRight', 'lost: the base was right'],
  ['changedWrong', 'wrong, but other than the base'],
  ['keptWrong', 'wrong, as the base was'],
];

/** What became of the base's majority answers, one figure for each arm. */
export function flipFigures(study: StudyResult, base: string): Figure[] {
  return shownArms(study, base).flatMap((arm) => flipFigure(base, arm));
}

/** Means over seeds, which add up to 1 as medians would not. */
function flipFigure(base: string, arm: ShownArm): Figure[] {
  const flips = arm.trials.flatMap(({ evaluations }) =>
    evaluations.map((one) => [one.iteration, one.flips?.sinceBase ?? unmoved(one)] as const),
  );
  const xs = [...new Set(flips.map(([iteration]) => iteration))].sort((a, b) => a - b);
  const legend = layers.map(([, title], index) => ({ title, look: areaLook(index) }));
  const stack = layers.map(([kind], index) => ({
    ...legend[index]!,
    values: xs.map((x) =>
      mean(flips.filter(([iteration]) => iteration === x).map(([, shares]) => shares[kind])),
    ),
  }));
  const drawing = stackedChart({
    label: `Majority answers against the base's over training, ${arm.title} from ${base}`,
    xTitle: 'iterations',
    xs,
    layers: stack,
    source: arm.source,
  });
  const note = arm.source;
  const name = `flips-${base}-${arm.name}`;
  return figureOf(drawing, { name, title: arm.title, note, legend, isByArm: false, arm: arm.name });
}

/** The base against itself: nothing is lost or won. */
function unmoved({ sampled: { majorityAccuracy } }: EvaluationRecord): LabelFlips {
  return {
    keptRight: majorityAccuracy,
    lostRight: 0,
    wonRight: 0,
    changedWrong: 0,
    keptWrong: 1 - majorityAccuracy,
  };
}
