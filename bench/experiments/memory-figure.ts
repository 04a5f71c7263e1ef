// Draws docs/assets/memory.svg from the lines that runs of bench/memory.ts wrote, of one vocabulary and one number of layers:
//   node bench/experiments/memory-figure.ts < lines.jsonl
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineChart, lineLook, svgFile } from '@mgrpo/charts';

interface Line {
  readonly recompute: 'none' | 'layers';
  readonly tokens: number;
  readonly aboveMib: number;
}
const measured = readFileSync(0, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const legend = [
  { key: 'none', title: 'recompute: none, one graph', look: lineLook(1, 1) },
  { key: 'layers', title: 'recompute: layers', look: lineLook(0) },
] as const;
const drawing = lineChart({
  label: 'Peak memory above the learner state against response tokens',
  xTitle: 'response tokens',
  xKind: 'linear',
  range: [0, null],
  lines: legend.map(({ key, title, look }) => ({
    key,
    title,
    look,
    source: 'bench/memory.ts',
    hasDots: true,
    points: measured
      .filter(({ recompute }) => recompute === key)
      .sort((a, b) => a.tokens - b.tokens)
      .map(({ tokens, aboveMib }) => {
        const y = aboveMib / 1024;
        return { x: tokens, y, low: y, high: y };
      }),
  })),
});
const frame = {
  title: 'Peak memory of a training step (GiB)',
  subtitle: 'above the learner state; one response, Qwen3-0.6B shapes, 2 layers',
  legend,
};
writeFileSync(join(import.meta.dirname, '../../docs/assets/memory.svg'), svgFile(drawing!, frame));
