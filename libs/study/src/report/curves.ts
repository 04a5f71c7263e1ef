import type { BandPoint } from '@mgrpo/charts';
import { mean } from '../statistics.ts';
import type { EvaluationRecord, IterationRecord, Trial } from '../trial-record.ts';
import { spreadOf } from './spread.ts';

/** A value for some iterations applied; null where the method has none. */
export type Curve = readonly (readonly [x: number, y: number | null])[];

// Few prompts make one iteration's numbers noisy, and more points than these a figure cannot show.
const trainingPoints = 60;
// A ratio of rare rollouts needs wider windows.
const ratioPoints = 20;
const evaluationPoints = 150;

/** A training measure over iterations applied. */
export function trainingCurve(
  { iterations }: Trial,
  of: (record: IterationRecord) => number | null,
  maxPoints = trainingPoints,
): Curve {
  const curve = iterations.map((record) => [record.iteration + 1, of(record)] as const);
  return downsample(curve, maxPoints);
}

/** Sum of one count over sum of another, window by window; null where the other is 0. */
export function ratioCurve(
  trial: Trial,
  count: (record: IterationRecord) => number,
  all: (record: IterationRecord) => number,
): Curve {
  const counts = trainingCurve(trial, count, ratioPoints);
  const sums = trainingCurve(trial, all, ratioPoints);
  return sums.map(([x, sum], i) => [x, sum ? counts[i]![1]! / sum : null]);
}

/** A measure of the evaluations over iterations applied. */
export function evaluationCurve(
  { evaluations }: Trial,
  of: (record: EvaluationRecord) => number | null,
): Curve {
  const curve = evaluations.map((record) => [record.iteration, of(record)] as const);
  return downsample(curve, evaluationPoints);
}

/** Means of windows of equal length, at the windows' middle, so that at most `maxPoints` are left. */
export function downsample(curve: Curve, maxPoints: number): Curve {
  const size = Math.ceil(curve.length / maxPoints);
  if (size <= 1) return curve;
  const windows: [number, number | null][] = [];
  for (let from = 0; from < curve.length; from += size) {
    const window = curve.slice(from, from + size);
    const values = window.flatMap(([, y]) => (isNumber(y) ? [y] : []));
    const x = mean(window.map(([at]) => at));
    windows.push([x, values.length === 0 ? null : mean(values)]);
  }
  return windows;
}

/** Median over seeds with the extremes, at every x where one of the curves has a value. */
export function band(curves: readonly Curve[]): BandPoint[] {
  const values = new Map<number, number[]>();
  for (const [x, y] of curves.flat()) {
    if (isNumber(y)) values.set(x, [...(values.get(x) ?? []), y]);
  }
  return [...values]
    .sort(([a], [b]) => a - b)
    .map(([x, ys]) => {
      const { median, min, max } = spreadOf(ys)!;
      return { x, y: median, low: min, high: max };
    });
}

// A mean of nothing is NaN in a running study and null once it was written as JSON.
function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
