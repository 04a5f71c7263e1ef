/** Light or dark as the reader's system is; four colours that differ in lightness too. */
export const reportStyle = `
:root { --ink: #1c2330; --soft: #667085; --line: #e4e7ec; --card: #ffffff; --page: #f6f7f9;
  --c0: #2f6fed; --c1: #e07b00; --c2: #12936b; --c3: #a34fc9; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --soft: #98a2b3; --line: #2b3240;
  --card: #171b23; --page: #0f1218; --c0: #6ea0ff; --c1: #ffae4d; --c2: #4fd1a1; --c3: #d08cf0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 32px 24px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 26px; } header p, figcaption p, .facts p { margin: 2px 0 0; color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: 16px; margin: 24px 0; }
.facts div, figure { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; }
.facts div { flex: 1 1 240px; } .facts strong { font-size: 24px; font-weight: 650; }
h3 { margin: 0; font-size: 12px; font-weight: 600; color: var(--soft); text-transform: uppercase; letter-spacing: .06em; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 16px; }
figure { margin: 0; } h2 { margin: 0; font-size: 16px; } figcaption p { font-size: 13px; }
svg { display: block; width: 100%; margin-top: 10px; touch-action: none; }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); } .cursor { stroke: var(--soft); stroke-dasharray: 3 3; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; } .faint { opacity: .55; stroke-width: 1.5; }
polyline.c0 { stroke: var(--c0); } polyline.c1 { stroke: var(--c1); }
polyline.c2 { stroke: var(--c2); } polyline.c3 { stroke: var(--c3); }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
circle { fill: var(--c); } .legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 6px; font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; margin-right: 6px; vertical-align: middle; background: var(--c); }
.legend b { font-variant-numeric: tabular-nums; font-weight: 600; }
details, footer { margin-top: 24px; color: var(--soft); } pre { overflow: auto; font-size: 12px; }
code { overflow-wrap: anywhere; }
`;

/** Shows, in the legend, the values under the pointer. */
export const reportScript = `
for (const figure of document.querySelectorAll('figure')) {
  const series = JSON.parse(figure.dataset.series), frame = JSON.parse(figure.dataset.frame);
  const svg = figure.querySelector('svg'), cursor = figure.querySelector('.cursor');
  const values = figure.querySelectorAll('.legend b'), [low, high] = frame.x;
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const x = low + (at - frame.x0) / (frame.x1 - frame.x0) * (high - low);
    const place = Math.min(Math.max(at, frame.x0), frame.x1);
    cursor.setAttribute('x1', place); cursor.setAttribute('x2', place);
    series.forEach(({ points }, i) => {
      const near = points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
      values[i].textContent = Number(near[1].toPrecision(4)) + ' at ' + near[0];
    });
  });
  svg.addEventListener('pointerleave', () => {
    cursor.setAttribute('x1', -9); cursor.setAttribute('x2', -9);
    for (const value of values) value.textContent = '';
  });
}
`;
