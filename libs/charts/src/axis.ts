/** The range of one direction of a chart and where its grid lines are. */
export interface Axis {
  readonly kind: 'linear' | 'log';
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Lowest and highest value of an axis; null follows the data. */
export type AxisRange = readonly [low: number | null, high: number | null];

const numTicks = 5;

/** An axis over the values whose ticks are 1, 2 or 5 times a power of ten apart. */
export function linearAxis(values: readonly number[], range: AxisRange): Axis {
  const low = range[0] ?? Math.min(...values);
  const top = range[1] ?? Math.max(...values);
  const high = top > low ? top : low + 1;
  const rough = (high - low) / numTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return { kind: 'linear', low, high, ticks };
}

/** An axis on which equal factors are equally far apart, with a tick at every value. @param values positive */
export function logAxis(values: readonly number[]): Axis {
  const ticks = [...new Set(values)].sort((a, b) => a - b);
  const [low, top] = [ticks[0]!, ticks.at(-1)!];
  return { kind: 'log', low, high: top > low ? top : 2 * low, ticks };
}

/** Maps values of an axis to positions between `from` and `to`. */
export function scale(axis: Axis, from: number, to: number): (value: number) => number {
  const at = axis.kind === 'log' ? Math.log : (value: number) => value;
  const [low, high] = [at(axis.low), at(axis.high)];
  return (value) => from + ((at(value) - low) / (high - low)) * (to - from);
}

/** A tick's value without the noise of floating point. */
export function tickText(tick: number): string {
  if (tick !== 0 && Math.abs(tick) < 1e-3) return tick.toExponential(0);
  return String(Number(tick.toPrecision(6)));
}

/** A position in a drawing: a tenth of a unit is finer than a pixel. */
export const tenth = (value: number): number => Math.round(value * 10) / 10;
