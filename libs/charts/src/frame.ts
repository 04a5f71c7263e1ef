import { type Axis, scale, tenth, tickText } from './axis.ts';
import { escapeHtml } from './escape-html.ts';

/** The plotting area of a chart, with its grid. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly toX: (value: number) => number;
  readonly toY: (value: number) => number;
  /** SVG elements of grid, ticks and axis titles. */
  readonly grid: string;
}

const margin = { top: 10, right: 14, bottom: 40, left: 52 };

/** Lays out a plotting area of `width` × `height`. */
export function frameOf(options: {
  readonly width: number;
  readonly height: number;
  readonly xAxis: Axis;
  readonly yAxis: Axis;
  readonly xTitle: string;
  /** Other texts for the x ticks, such as names of methods. */
  readonly xNames?: readonly string[] | undefined;
}): Frame {
  const { width, height, xAxis, yAxis, xTitle, xNames } = options;
  const [left, right] = [margin.left, width - margin.right];
  const [top, bottom] = [margin.top, height - margin.bottom];
  const toX = scale(xAxis, left, right);
  const toY = scale(yAxis, bottom, top);
  const rows = yAxis.ticks.map((tick) => {
    const y = tenth(toY(tick));
    const kind = tick === 0 && yAxis.low < 0 ? 'zero' : 'grid';
    return `<path class="${kind}" d="M${left} ${y}H${right}"/><text x="${left - 8}" y="${y + 4}" text-anchor="end">${tickText(tick)}</text>`;
  });
  const columns = xAxis.ticks.map((tick, i) => {
    const text = xNames?.[i] ?? tickText(tick);
    return `<text x="${tenth(toX(tick))}" y="${bottom + 17}" text-anchor="middle">${escapeHtml(text)}</text>`;
  });
  const title = `<text x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${escapeHtml(xTitle)}</text>`;
  const grid = [...rows, ...columns, title].join('\n');
  return { width, height, left, right, top, bottom, toX, toY, grid };
}
