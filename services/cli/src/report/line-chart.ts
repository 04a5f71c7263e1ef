import { type Axis, escapeHtml, linearAxis, scale, tickText } from '@mgrpo/charts';

/** One curve of a chart. */
export interface Series {
  readonly name: string;
  /** x: iterations applied. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn faint and thin, as background for another. */
  readonly isFaint?: boolean;
}

export interface LineChart {
  readonly title: string;
  /** One sentence: how to read it. */
  readonly note: string;
  readonly series: readonly Series[];
  /** Lowest and highest y; what is left out follows the data. */
  readonly range?: readonly [number | null, number | null];
}

const width = 560;
const height = 260;
const margin = { top: 12, right: 14, bottom: 26, left: 52 };

/** A chart as inline SVG with its title, note and legend; empty when no series has points. */
export function lineChartHtml(chart: LineChart): string {
  const series = chart.series.filter(({ points }) => points.length > 0);
  if (series.length === 0) return '';
  const points = series.flatMap((line) => line.points);
  const xAxis = linearAxis(
    points.map(([x]) => x),
    [0, null],
  );
  const yAxis = linearAxis(
    points.map(([, y]) => y),
    chart.range ?? [null, null],
  );
  const toX = scale(xAxis, margin.left, width - margin.right);
  const toY = scale(yAxis, height - margin.bottom, margin.top);
  const curves = series.map((line, index) => {
    const path = line.points.map(([x, y]) => `${round(toX(x))},${round(toY(y))}`).join(' ');
    const kind = line.isFaint ? ' faint' : '';
    return `<polyline class="c${index % 4}${kind}" points="${path}"/>${lonePoint(path, index)}`;
  });
  const data = series.map(({ name, points: values }) => ({ name, points: values }));
  const frame = { x0: margin.left, x1: width - margin.right, x: [xAxis.low, xAxis.high] };
  return `<figure data-series="${escapeHtml(JSON.stringify(data))}" data-frame="${escapeHtml(JSON.stringify(frame))}">
<figcaption><h2>${escapeHtml(chart.title)}</h2><p>${escapeHtml(chart.note)}</p></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(chart.title)}">
${gridHtml({ xAxis, yAxis, toX, toY })}
${curves.join('\n')}
<line class="cursor" y1="${margin.top}" y2="${height - margin.bottom}" x1="-9" x2="-9"/>
</svg>
<div class="legend">${series.map(({ name }, index) => `<span><i class="c${index % 4}"></i>${escapeHtml(name)} <b></b></span>`).join('')}</div>
</figure>`;
}

interface Grid {
  readonly xAxis: Axis;
  readonly yAxis: Axis;
  readonly toX: (value: number) => number;
  readonly toY: (value: number) => number;
}

function gridHtml({ xAxis, yAxis, toX, toY }: Grid): string {
  const rows = yAxis.ticks.map((tick) => {
    const y = round(toY(tick));
    const line = `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}"/>`;
    return `${line}<text x="${margin.left - 8}" y="${y + 4}" text-anchor="end">${tickText(tick)}</text>`;
  });
  const columns = xAxis.ticks
    .filter(Number.isInteger)
    .map(
      (tick) =>
        `<text x="${round(toX(tick))}" y="${height - 6}" text-anchor="middle">${tick}</text>`,
    );
  return [...rows, ...columns].join('\n');
}

/** A curve of one point has no line to see. */
function lonePoint(path: string, index: number): string {
  if (path.includes(' ')) return '';
  const [x, y] = path.split(',');
  return `<circle class="c${index % 4}" cx="${x}" cy="${y}" r="3"/>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
