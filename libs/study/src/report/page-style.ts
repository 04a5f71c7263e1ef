/** Layout of the report; colours are the figures'. */
export const pageStyle = `
* { box-sizing:border-box } :root { color-scheme:light dark; --page:#f4f5f7 } html { scroll-padding-top:64px }
@media (prefers-color-scheme: dark) { :root { --page:#0d1015 } }
body { margin:0 auto; max-width:1320px; padding:28px 24px 64px; background:var(--page); color:var(--ink); font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif }
h1 { margin:0; font-size:26px; line-height:1.25 } h2 { margin:44px 0 4px; font-size:21px } h3 { margin:30px 0 4px; font-size:16px }
h4 { margin:0; font-size:15px } p { margin:4px 0; max-width:80ch } p, figcaption p, summary, footer { color:var(--soft) } a { color:inherit; text-underline-offset:3px; text-decoration-color:var(--soft) }
.note { color:var(--ink) } .partial { border-left:4px solid var(--heat); padding:6px 12px; background:var(--paper); color:var(--ink) }
.facts { display:flex; flex-wrap:wrap; gap:10px; margin:18px 0; padding:0; list-style:none }
.facts li, figure, .table { background:var(--paper); border:1px solid var(--line); border-radius:10px }
.facts li { flex:1 1 150px; padding:10px 14px; color:var(--soft); font-size:13px } .facts b { display:block; color:var(--ink); font-size:20px; font-weight:650 }
.arms { position:sticky; top:0; z-index:2; display:flex; gap:6px; overflow-x:auto; margin:18px -24px 0; padding:10px 24px; background:var(--page); border-bottom:1px solid var(--line) }
.arms button { flex:none; display:flex; align-items:center; gap:7px; padding:5px 11px; border:1px solid var(--line); border-radius:99px; background:var(--paper); color:var(--ink); font:inherit; font-size:13px; cursor:pointer }
.arms button.all { border-style:dashed } .arms button[aria-pressed=false] { opacity:.45; text-decoration:line-through }
:focus-visible { outline:2px solid var(--c0); outline-offset:2px }
.swatch { flex:none; width:28px; height:10px } svg.swatch .curve { stroke-width:2.5 }
.grid2, .grid3, .grid4 { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(500px,100%),1fr)); gap:14px; margin-top:12px }
.grid3 { grid-template-columns:repeat(auto-fill,minmax(min(370px,100%),1fr)) }
.grid4 { grid-template-columns:repeat(auto-fill,minmax(min(250px,100%),1fr)) }
figure { position:relative; margin:0; padding:14px 16px } figcaption p { font-size:13px; line-height:1.4 } .chart { display:block; width:100%; margin-top:8px; touch-action:pan-y }
.wide { max-width:720px; margin-top:12px } .legend { display:flex; flex-wrap:wrap; gap:4px 16px; margin:8px 0 0; padding:0; list-style:none; font-size:13px; color:var(--ink) } .legend li { display:flex; align-items:center; gap:7px }
.hidden { display:none } .dim { opacity:.12 }
.tip { position:absolute; z-index:3; pointer-events:none; max-width:290px; padding:7px 10px; border:1px solid var(--line); border-radius:8px; background:var(--paper); color:var(--ink); font-size:12px; line-height:1.45; box-shadow:0 4px 16px #0003; font-variant-numeric:tabular-nums }
.tip div { display:flex; align-items:center; gap:6px } .tip span { flex:1 }
.table { margin-top:12px } .table > p { padding:10px 12px 2px; font-size:13px; max-width:none } .scroll { overflow-x:auto } table { border-collapse:collapse; width:100%; font-size:14px; font-variant-numeric:tabular-nums }
th, td { padding:7px 10px; text-align:right; white-space:nowrap; border-top:1px solid var(--line) }
thead th { font-size:12px; font-weight:600; color:var(--soft); vertical-align:bottom } thead th[title] { text-decoration:underline dotted; text-underline-offset:3px }
th:first-child { min-width:150px; max-width:240px; white-space:normal; position:sticky; left:0; text-align:left; font-weight:500; background:var(--paper) } td small { display:block; color:var(--soft); font-weight:400; font-size:11.5px } td.top { font-weight:700 }
tr.reference > * { color:var(--soft); font-style:italic } tr:target > * { background:color-mix(in srgb,var(--c0) 15%,var(--paper)) } th em { font-size:11px; font-style:normal; padding:1px 6px; border-radius:99px; border:1px solid var(--c2); color:var(--c2) }
.texts td, .texts th { text-align:left } .texts td:last-child { white-space:normal; min-width:260px; overflow-wrap:anywhere } details { margin-top:14px } summary { cursor:pointer } footer { margin-top:40px; font-size:13px }
@media (max-width:640px) { body { padding:18px 14px 48px } .arms { margin:14px -14px 0; padding:8px 14px } h1 { font-size:22px } figure { padding:12px }
  svg.chart text { font-size:14px } .grid2 svg.chart text, .wide svg.chart text { font-size:18px } .grid4 svg.chart text { font-size:11px } th, td { padding:6px 9px } th:first-child { min-width:116px; max-width:150px; white-space:normal } }
@media (min-width:641px) { .arms { flex-wrap:wrap } }
@media print { .arms { position:static; flex-wrap:wrap } figure { break-inside:avoid } }
`;
