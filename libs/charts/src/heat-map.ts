import type { Drawing } from './drawing.ts';
import { escapeHtml } from './escape-html.ts';

export interface HeatCell {
  readonly column: number;
  readonly row: number;
  readonly value: number;
  readonly text: string;
  /** Where its number comes from. */
  readonly source: string;
}

/** Names along one side of a heat map. */
export interface HeatSide {
  readonly title: string;
  readonly names: readonly string[];
}

const size = { width: 74, height: 44, left: 96, top: 12, bottom: 48 };
// The cell's text stays readable on it in both themes.
const strongest = 0.7;

/** Draws a table of values, the farther from 0 the stronger the colour; cells without a value are empty. */
export function heatMap(map: {
  readonly label: string;
  readonly columns: HeatSide;
  readonly rows: HeatSide;
  readonly cells: readonly HeatCell[];
}): Drawing | null {
  const { label, columns, rows, cells } = map;
  if (cells.length === 0) return null;
  const most = Math.max(...cells.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const width = Math.max(300, size.left + columns.names.length * size.width + 14);
  const bottom = size.top + rows.names.length * size.height;
  const boxes = rows.names.flatMap((_, row) =>
    columns.names.map((__, column) => {
      const [x, y] = [size.left + column * size.width, size.top + row * size.height];
      const cell = cells.find((one) => one.column === column && one.row === row);
      const box = `x="${x}" y="${y}" width="${size.width}" height="${size.height}"`;
      if (!cell) return `<rect class="cell none" ${box}/>`;
      const opacity = ((Math.abs(cell.value) / most) * strongest).toFixed(3);
      return `<g><title>${escapeHtml(cell.source)}</title><rect class="cell" fill-opacity="${opacity}" ${box}/><text class="value" x="${x + size.width / 2}" y="${y + size.height / 2 + 4}" text-anchor="middle">${escapeHtml(cell.text)}</text></g>`;
    }),
  );
  const names = [
    ...columns.names.map(
      (name, i) =>
        `<text x="${size.left + (i + 0.5) * size.width}" y="${bottom + 18}" text-anchor="middle">${escapeHtml(name)}</text>`,
    ),
    ...rows.names.map(
      (name, i) =>
        `<text x="${size.left - 8}" y="${size.top + (i + 0.5) * size.height + 4}" text-anchor="end">${escapeHtml(name)}</text>`,
    ),
  ];
  const middle = size.left + (columns.names.length * size.width) / 2;
  const titles = `<text class="name" x="${middle}" y="${bottom + 38}" text-anchor="middle">${escapeHtml(columns.title)}</text>
<text class="name" transform="translate(14 ${(size.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(rows.title)}</text>`;
  const body = [...boxes, ...names, titles].join('\n');
  return { width, height: bottom + size.bottom, label, body, facts: {} };
}
