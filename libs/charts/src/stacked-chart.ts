import { linearAxis, tenth } from './axis.ts';
import type { Drawing } from './drawing.ts';
import { escapeHtml } from './escape-html.ts';
import { frameOf } from './frame.ts';

/** One layer of a stack: its own thickness at every x. */
export interface StackLayer {
  readonly title: string;
  /** CSS classes, from `areaLook`. */
  readonly look: string;
  readonly values: readonly number[];
}

/** Draws layers on each other, the first lowest. @param layers of as many values as `xs` */
export function stackedChart(chart: {
  readonly label: string;
  readonly xTitle: string;
  readonly xs: readonly number[];
  readonly layers: readonly StackLayer[];
  /** Where its numbers come from. */
  readonly source: string;
}): Drawing | null {
  const { label, xTitle, xs, layers, source } = chart;
  if (xs.length < 2) return null;
  const [xAxis, yAxis] = [linearAxis(xs, [null, null]), linearAxis([0, 1], [0, 1])];
  const { toX, toY, ...frame } = frameOf({ width: 300, height: 210, xAxis, yAxis, xTitle });
  const at = (x: number, y: number) => `${tenth(toX(x))} ${tenth(toY(Math.min(1, y)))}`;
  let base = xs.map(() => 0);
  const areas = layers.map((layer) => {
    const below = base;
    base = below.map((sum, i) => sum + layer.values[i]!);
    const upper = xs.map((x, i) => at(x, base[i]!));
    const lower = xs.map((x, i) => at(x, below[i]!)).reverse();
    const last = `${(layer.values.at(-1)! * 100).toFixed(1)} % at the end`;
    return `<path class="area ${layer.look}" d="M${[...upper, ...lower].join('L')}Z"><title>${escapeHtml(`${layer.title}: ${last}; ${source}`)}</title></path>`;
  });
  const body = [frame.grid, ...areas].join('\n');
  return { width: frame.width, height: frame.height, label, body, facts: {} };
}
