import { type Axis, type AxisRange, linearAxis, logAxis, tenth } from './axis.ts';
import type { Drawing } from './drawing.ts';
import { escapeHtml } from './escape-html.ts';
import { type Frame, frameOf } from './frame.ts';

/** A value with the spread around it. */
export interface BandPoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

export interface ChartLine {
  /** What it belongs to: lines of one key are shown and hidden together. */
  readonly key: string;
  readonly title: string;
  /** CSS classes, from `lineLook`. */
  readonly look: string;
  readonly points: readonly BandPoint[];
  /** Where its numbers come from. */
  readonly source: string;
  /** Drawn thinner, without its band, as background of another. */
  readonly isThin?: boolean;
  /** Marks every point: few points, each a measurement of its own. */
  readonly hasDots?: boolean;
}

export interface LineChart {
  readonly label: string;
  readonly xTitle: string;
  readonly xKind: 'linear' | 'log';
  /** Names of x = 0, 1, 2, … where x has no numbers. */
  readonly xNames?: readonly string[];
  readonly lines: readonly ChartLine[];
  /** Highest x; left out, it follows the data. */
  readonly xEnd?: number;
  /** Lowest and highest y. */
  readonly range: AxisRange;
  readonly width?: number;
}

/** Draws lines with their bands; null when no line has points. */
export function lineChart(chart: LineChart): Drawing | null {
  const lines = chart.lines.filter(({ points }) => points.length > 0);
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return null;
  const xs = points.map(({ x }) => x);
  const xAxis = xAxisOf(chart, xs);
  const ys = lines.flatMap((line) =>
    line.points.flatMap(({ y, low, high }) => (line.isThin ? [y] : [y, low, high])),
  );
  const yAxis = linearAxis(ys, chart.range);
  const { xTitle, xNames, width = 440 } = chart;
  const frame = frameOf({ width, height: 250, xAxis, yAxis, xTitle, xNames });
  const body = [
    frame.grid,
    ...lines.map((line) => lineSvg(line, frame)),
    `<path class="cursor" d="M-9 0"/>`,
  ].join('\n');
  const facts = {
    frame: JSON.stringify([frame.left, frame.right, frame.top, frame.bottom]),
    x: JSON.stringify([xAxis.low, xAxis.high, xAxis.kind]),
    ...(xNames && { names: JSON.stringify(xNames) }),
  };
  return { width, height: frame.height, label: chart.label, body, facts };
}

function xAxisOf({ xKind, xNames, xEnd }: LineChart, xs: readonly number[]): Axis {
  if (xNames) {
    const high = Math.max(1, xNames.length - 1);
    return { kind: 'linear', low: 0, high, ticks: [...xNames.keys()] };
  }
  return xKind === 'log' ? logAxis(xs) : linearAxis(xs, [Math.min(0, ...xs), xEnd ?? null]);
}

function lineSvg(line: ChartLine, { toX, toY }: Frame): string {
  const { key, title, look, points, source, isThin = false, hasDots = false } = line;
  const at = (x: number, y: number) => `${tenth(toX(x))} ${tenth(toY(y))}`;
  const curve = points.map(({ x, y }) => at(x, y)).join('L');
  const upper = points.map(({ x, high }) => at(x, high));
  const lower = points.map(({ x, low }) => at(x, low)).reverse();
  const hasBand = !isThin && points.some(({ low, high }) => high > low);
  const band = hasBand ? `<path class="band" d="M${[...upper, ...lower].join('L')}Z"/>` : '';
  const dots =
    hasDots || points.length === 1
      ? points.map(
          ({ x, y }) => `<circle class="dot" cx="${tenth(toX(x))}" cy="${tenth(toY(y))}" r="3.5"/>`,
        )
      : [];
  const values = points.map(pointText).join(';');
  const kind = isThin ? 'curve thin' : 'curve';
  return `<g class="line ${look}" data-key="${escapeHtml(key)}" data-title="${escapeHtml(title)}" data-points="${values}"><title>${escapeHtml(`${title}: ${source}`)}</title>${band}<path class="${kind}" d="M${curve}"/>${dots.join('')}</g>`;
}

/** `x,y` or, with a spread, `x,y,low,high`. */
function pointText({ x, y, low, high }: BandPoint): string {
  return (high > low ? [x, y, low, high] : [x, y]).map(digits).join();
}

const digits = (value: number): string => String(Number(value.toPrecision(4)));
