/** [iteration, value from 0 to 1], by iteration. */
type Curve = readonly (readonly [number, number])[];

/** One method's run. */
export interface Arm {
  readonly title: string;
  readonly seed: number;
  /** Mean reward of the policy rollouts: agreement with the pseudo-label. */
  readonly reward: Curve;
  /** Greedy accuracy on held-out problems. */
  readonly accuracy: Curve;
}

const panel = { width: 390, height: 210 };
const margin = { left: 46, top: 66, bottom: 42, gap: 46, right: 20 };

// Media queries work inside an <img>, so one file suits a light and a dark page; the paper of its own is for pages
// whose theme is not the system's. Nothing is loaded from outside.
const style = `
  .paper { fill: #ffffff; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 14px; }
  .tick { font-size: 12px; fill: #57606a; }
  .grid { stroke: #8c959f; stroke-opacity: 0.25; }
  .line { fill: none; stroke-linejoin: round; stroke-linecap: round; }
  .accuracy { stroke: #0072b2; stroke-width: 2.75; }
  .reward { stroke: #d55e00; stroke-width: 2; stroke-dasharray: 5 4; }
  text.accuracy { fill: #0072b2; stroke: none; }
  text.reward { fill: #b34700; stroke: none; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; }
    text { fill: #e6edf3; }
    .tick { fill: #9198a1; }
    .accuracy { stroke: #56b4e9; }
    .reward { stroke: #f0a35e; }
    text.accuracy { fill: #56b4e9; }
    text.reward { fill: #f0a35e; }
  }`;

/** The README's picture: reward and accuracy over iterations, one panel for each method, as one SVG. */
export function collapseSvg(arms: readonly Arm[]): string {
  const end = Math.max(...arms.flatMap(({ accuracy }) => accuracy.map(([iteration]) => iteration)));
  const pitch = panel.width + margin.gap;
  const width = margin.left + arms.length * pitch - margin.gap + margin.right;
  const height = margin.top + panel.height + margin.bottom;
  const titles = arms.map(({ title, seed }) => `${title} (seed ${seed})`).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">Reward and accuracy over ${end} iterations. ${escaped(titles)}.</title>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`,
    legend(),
    ...arms.map((arm, i) => panelOf(arm, { x: margin.left + i * pitch, end })),
    '</svg>\n',
  ].join('\n');
}

function legend(): string {
  const entry = (x: number, kind: string, text: string) =>
    `<path class="line ${kind}" d="M${x} 18h30"/><text class="${kind}" x="${x + 38}" y="22">${text}</text>`;
  return [
    entry(margin.left, 'accuracy', 'accuracy on held-out problems (greedy)'),
    entry(margin.left + 330, 'reward', 'reward that training sees (agreement with the vote)'),
  ].join('\n');
}

function panelOf(
  { title, reward, accuracy }: Arm,
  { x, end }: { readonly x: number; readonly end: number },
): string {
  const bottom = margin.top + panel.height;
  const px = (iteration: number) => round(x + (iteration / end) * panel.width);
  const py = (value: number) => round(bottom - value * panel.height);
  const path = (curve: Curve) =>
    curve.map(([i, v], k) => `${k === 0 ? 'M' : 'L'}${px(i)} ${py(v)}`).join('');
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<path class="grid" d="M${x} ${py(value)}h${panel.width}"/><text class="tick" x="${x - 8}" y="${py(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const ticks = [0, 1, 2, 3].map((third) => {
    const iteration = Math.round((third * end) / 3);
    return `<text class="tick" x="${px(iteration)}" y="${bottom + 18}" text-anchor="middle">${iteration}</text>`;
  });
  return [
    `<text class="title" x="${x}" y="${margin.top - 16}">${escaped(title)}</text>`,
    ...grid,
    ...ticks,
    `<text class="tick" x="${x + panel.width / 2}" y="${bottom + 36}" text-anchor="middle">iterations</text>`,
    `<path class="line reward" d="${path(reward)}"/>`,
    `<path class="line accuracy" d="${path(accuracy)}"/>`,
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
