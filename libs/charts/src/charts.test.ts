import { expect, test } from 'vitest';
import { inlineSvg, svgFile } from './drawing.ts';
import { areaLook, lineLook } from './figure-style.ts';
import { heatMap } from './heat-map.ts';
import { lineChart } from './line-chart.ts';
import { stackedChart } from './stacked-chart.ts';

const axes = { label: 'A < B', xTitle: 'x', xKind: 'linear', range: [0, 1] } as const;
const line = (points: { x: number; y: number; low: number; high: number }[]) => ({
  key: 'a',
  title: 'A & B',
  look: lineLook(0),
  source: 'file "1"',
  points,
});

test('a line has its band, its values and its source', () => {
  const points = [
    { x: 0, y: 0.5, low: 0.25, high: 0.75 },
    { x: 10, y: 1, low: 1, high: 1 },
  ];
  const { body } = lineChart({ ...axes, lines: [line(points)] })!;
  expect(body).toContain('data-points="0,0.5,0.25,0.75;10,1"');
  expect(body).toContain('<title>A &amp; B: file &quot;1&quot;</title>');
  // 440 × 250 with margins: x from 52 to 426, y from 210 to 10.
  expect(body).toContain('<path class="curve" d="M52 110L426 10"/>');
  expect(body).toContain('<path class="band" d="M52 60L426 10L426 10L52 160Z"/>');
});

test('a chart without points is none, one with a single point shows it', () => {
  expect(lineChart({ ...axes, lines: [line([])] })).toBeNull();
  const { body } = lineChart({ ...axes, lines: [line([{ x: 3, y: 0.5, low: 0.5, high: 0.5 }])] })!;
  expect(body).toContain('<circle');
  expect(body).not.toContain('NaN');
});

test('layers lie on each other', () => {
  const layers = [0.25, 0.75].map((share, i) => ({
    title: `${i}`,
    look: areaLook(i),
    values: [share, share],
  }));
  const { body } = stackedChart({ label: '', xTitle: 'x', xs: [0, 1], layers, source: 's' })!;
  // 300 × 210 with margins: x from 52 to 286, y from 170 to 10.
  expect(body).toContain('d="M52 130L286 130L286 170L52 170Z"');
  expect(body).toContain('d="M52 10L286 10L286 130L52 130Z"');
});

test('the farther from 0 the stronger the colour; a cell without a value is empty', () => {
  const side = (...names: string[]) => ({ title: 't', names });
  const { body } = heatMap({
    label: '',
    columns: side('1', '2'),
    rows: side('a'),
    cells: [{ column: 1, row: 0, value: -0.5, text: '−50', source: 'trial 1' }],
  })!;
  expect(body).toContain('fill-opacity="0.700"');
  expect(body.match(/cell none/g)).toHaveLength(1);
});

test('a file stands alone: title, legend, style, and nothing loaded from elsewhere', () => {
  const drawing = lineChart({ ...axes, lines: [line([{ x: 0, y: 1, low: 1, high: 1 }])] })!;
  const legend = [{ title: 'A & B', look: lineLook(0) }];
  const file = svgFile(drawing, { title: 'T', subtitle: 'seeds 1', legend });
  expect(file).toContain('A &amp; B');
  expect(file).toContain('prefers-color-scheme: dark');
  expect(file.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
    /https?:|url\(|@import/,
  );
  expect(inlineSvg(drawing)).toContain('aria-label="A &lt; B"');
});
