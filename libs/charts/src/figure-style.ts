/** Marks a look that fills an area instead of drawing a line. */
export const swatchClass = 'fill';

// Okabe and Ito's hues, darkened for paper and lightened for night until each has a contrast of 3 or more.
const light = ['#0068a8', '#c8500a', '#00805c', '#a8478a', '#8a6d00', '#2487b0'];
const dark = ['#62b5f5', '#ff9153', '#44cfa3', '#ea93cf', '#e2c044', '#8fe3ff'];
const dashes = ['', '7 4', '2 3', '10 3 2 3'];

/**
 * The look of the n-th line of a chart: six colours, then the same ones dashed, dotted and both.
 *
 * @param dash instead of the one that follows from the index
 */
export function lineLook(index: number, dash = Math.floor(index / light.length)): string {
  return `c${index % light.length} d${dash % dashes.length}`;
}

/** Five shades from good to bad, told apart by lightness too: `f0` and `f1` good, `f2` to `f4` bad. */
export function areaLook(index: number): string {
  return `${swatchClass} f${index}`;
}

const lightAreas = ['#0068a8', '#7fc1ee', '#7a1f00', '#e8b48f', '#d0784a'];
const darkAreas = ['#2f8fd6', '#a9dbff', '#ff5a2a', '#6b4a36', '#a8623c'];

/** Styles of every chart. @param scope element that the colours are defined on, `:root` of a page or an SVG file's `svg` */
export function figureStyle(scope: string): string {
  const colours = (lines: readonly string[], areas: readonly string[]) =>
    [
      ...lines.map((colour, i) => `--c${i}:${colour}`),
      ...areas.map((colour, i) => `--f${i}:${colour}`),
    ].join(';');
  return `
${scope} { --paper:#fff; --ink:#1c2330; --soft:#5b6675; --line:#dfe3e9; --heat:#c8500a; ${colours(light, lightAreas)} }
@media (prefers-color-scheme: dark) {
  ${scope} { --paper:#14181f; --ink:#e8eaee; --soft:#a3adbb; --line:#2d3542; --heat:#ff7a36; ${colours(dark, darkAreas)} } }
${light.map((_, i) => `.c${i} { --c:var(--c${i}) }`).join(' ')}
${lightAreas.map((_, i) => `.f${i} { --c:var(--f${i}) }`).join(' ')}
${dashes.map((dash, i) => `.d${i} { --d:${dash === '' ? 'none' : dash} }`).join(' ')}
.paper { fill:var(--paper) }
svg text { font:12px system-ui,-apple-system,"Segoe UI",sans-serif; fill:var(--soft); font-variant-numeric:tabular-nums }
svg text.heading { font-size:15px; font-weight:600; fill:var(--ink) } svg text.name, svg text.value { fill:var(--ink) }
.grid { stroke:var(--line) } .zero { stroke:var(--soft) }
.curve { fill:none; stroke:var(--c); stroke-dasharray:var(--d); stroke-width:2; stroke-linejoin:round }
.curve.thin { stroke-width:1.4; opacity:.65 } .band { fill:var(--c); opacity:.13 } .dot { fill:var(--c) }
.area { fill:var(--c); stroke:var(--paper); stroke-width:.6 } .cell { fill:var(--heat); stroke:var(--line) } .none { fill:none }
.cursor { stroke:var(--soft); stroke-dasharray:3 3 }`;
}
