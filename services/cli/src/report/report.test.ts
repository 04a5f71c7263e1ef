import type { MetricsRecord } from '@mgrpo/checkpoint';
import { expect, test } from 'vitest';
import { summarize } from '../summary.ts';
import { readLog } from '../training-log.ts';
import { lineChartHtml } from './line-chart.ts';
import { reportHtml } from './report.ts';

const records: MetricsRecord[] = [
  { kind: 'evaluation', version: 0, passes: [{ temperature: 0, accuracy: 0.3125 }] },
  ...Array.from({ length: 40 }, (_, iteration) => ({
    kind: 'iteration' as const,
    iteration,
    reward: 0.3 + iteration / 80,
    voteShare: 0.4 + iteration / 80,
    topLabelShare: 0.25,
    entropy: { policy: 0.6 - iteration / 100, momentum: 0.6 - iteration / 120 },
    dropped: { policy: { 'low-entropy': iteration % 5 }, momentum: {} },
    responseTokens: 5 + iteration / 20,
    step: { loss: -0.01, kl: iteration / 1e4, gradientNorm: 0.5 },
    seconds: { total: 0.5, generate: 0.25, vote: 0.05, learn: 0.15, other: 0.05 },
    policySha256: `ab${iteration}`,
  })),
  { kind: 'evaluation', version: 20, passes: [{ temperature: 0, accuracy: 0.9 }] },
  {
    kind: 'evaluation',
    version: 40,
    passes: [
      { temperature: 0, accuracy: 0.875 },
      { temperature: 0.8, accuracy: 0.8 },
    ],
  },
];

const log = readLog(records);
const summary = summarize(log, 'finished');

test('the summary says how far the run came', () => {
  expect(summary).toEqual({
    outcome: 'finished',
    iterations: 40,
    baseValidation: 0.3125,
    bestValidation: 0.9,
    bestIteration: 20,
    finalValidation: 0.875,
    finalSampledValidation: { temperature: 0.8, accuracy: 0.8 },
    weightsSha256: 'ab39',
    collapse: { kind: 'healthy', firstSuspected: null },
    seconds: 20,
    secondsByPhase: { generate: 10, vote: 2, learn: 6, other: 2 },
  });
});

test('a run without validation has a summary without accuracies', () => {
  const none = summarize(readLog([]), 'stopped');
  expect(none).toMatchObject({ iterations: 0, bestValidation: null, finalValidation: null });
});

test('the report is one page with all curves and nothing to load', () => {
  const html = reportHtml({ name: 'runs/a<b>', log, summary, config: { seed: 1 } });
  expect(html).toContain('<h1>runs/a&lt;b&gt;</h1>');
  expect(html).toContain('31.3 % → 87.5 %');
  expect(html.match(/<figure /g)).toHaveLength(9);
  expect(html).not.toMatch(/(src|href)=|https?:|@import|url\(/);
});

test('a chart without points is left out, one with a single point shows it', () => {
  const chart = { title: 'Loss', note: '' };
  expect(lineChartHtml({ ...chart, series: [{ name: 'loss', points: [] }] })).toBe('');
  const single = lineChartHtml({ ...chart, series: [{ name: 'loss', points: [[3, 0.5]] }] });
  expect(single).toContain('<circle');
  expect(single).not.toContain('NaN');
});
