import { escapeHtml } from './escape-html.ts';
import { figureStyle, swatchClass } from './figure-style.ts';

/** A drawn chart, before it becomes part of a page or a file of its own. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** What it shows, for people who cannot see it. */
  readonly label: string;
  /** SVG elements. */
  readonly body: string;
  /** Facts for the page's script, as `data-` attributes. */
  readonly facts: Readonly<Record<string, string>>;
}

/** An entry of a legend: a line's look or a filled class. */
export interface LegendEntry {
  readonly title: string;
  /** CSS classes that give it its colour and dash. */
  readonly look: string;
}

/** The drawing as part of an HTML page that has `figureStyle`. */
export function inlineSvg({ width, height, label, body, facts }: Drawing): string {
  const data = Object.entries(facts).map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`);
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}"${data.join('')}>\n${body}\n</svg>`;
}

/** What a file says around its drawing. */
export interface FileFrame {
  readonly title: string;
  /** Smaller, below the title. */
  readonly subtitle: string;
  readonly legend: readonly LegendEntry[];
}

const rowHeight = 18;
const top = 54;
// Of the heading's font, in user units: wide enough for most texts.
const characterWidth = 8.2;

/** The drawing as a file with its title and legend; light or dark as the reader's system is. */
export function svgFile(drawing: Drawing, { title, subtitle, legend }: FileFrame): string {
  const { height, label, body } = drawing;
  const longest = Math.max(title.length * characterWidth, subtitle.length * 6.4);
  const width = Math.max(drawing.width, Math.ceil(32 + longest));
  const columns = legend.some((entry) => entry.title.length > width / 2 / 7 - 8) ? 1 : 2;
  const whole = top + height + Math.ceil(legend.length / columns) * rowHeight + 12;
  const entries = legend.map((entry, i) => {
    const x = 16 + (i % columns) * (width / columns);
    const y = top + height + 10 + Math.floor(i / columns) * rowHeight;
    return `<g class="${entry.look}">${swatch(entry.look, x, y)}<text class="name" x="${x + 36}" y="${y + 4}">${escapeHtml(entry.title)}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img" aria-labelledby="label">
<title id="label">${escapeHtml(label)}</title>
<style>${figureStyle('svg')}</style>
<rect class="paper" width="${width}" height="${whole}" rx="6"/>
<text class="heading" x="16" y="26">${escapeHtml(title)}</text>
<text x="16" y="44">${escapeHtml(subtitle)}</text>
<g transform="translate(0 ${top})">
${body}
</g>
${entries.join('\n')}
</svg>
`;
}

function swatch(look: string, x: number, y: number): string {
  return look.includes(swatchClass)
    ? `<rect class="area" x="${x}" y="${y - 6}" width="28" height="12"/>`
    : `<path class="curve" d="M${x} ${y}h28"/>`;
}
