import type { MetricsRecord } from '@mgrpo/checkpoint';
import { expect, test } from 'vitest';
import { readLog } from '../training-log.ts';
import { progressPrinter } from './progress-printer.ts';
import { durationText, progressBlock } from './progress-text.ts';
import { sparkLine } from './spark-line.ts';

const iteration = (number: number, reward: number): MetricsRecord => ({
  kind: 'iteration',
  iteration: number,
  reward,
  voteShare: 0.75,
  entropy: { policy: 0.5 - number / 10, momentum: 0.5 },
  dropped: { policy: { 'low-entropy': 3, 'no-answer': 1 }, momentum: { 'no-answer': 2 } },
  step: { loss: 0.1 },
  seconds: { total: 1, generate: 0.5, vote: 0.1, learn: 0.3, other: 0.1 },
});

const evaluation = (version: number, greedy: number, sampled: number): MetricsRecord => ({
  kind: 'evaluation',
  version,
  passes: [
    { temperature: 0, accuracy: greedy },
    { temperature: 0.8, accuracy: sampled },
  ],
});

function screen(isTTY: boolean, json = false) {
  let text = '';
  const output = { isTTY, columns: 100, write: (part: string) => (text += part) };
  return { printer: progressPrinter(output, { json, total: 10, records: [] }), read: () => text };
}

test('a block shows where the run stands, its curves and the time left', () => {
  const log = readLog([
    evaluation(0, 0.31, 0.4),
    iteration(0, 0.25),
    iteration(1, 0.5),
    evaluation(2, 0.875, 0.8),
  ]);
  expect(progressBlock({ log, total: 10 }, 120)).toEqual([
    'iteration   2/10  █████░░░░░░░░░░░░░░░░░░░  8 s left',
    'validation  31.0 % → 87.5 %, best 87.5 %       ▃▇',
    'reward      0.500                              ▃▅',
    'vote share  0.750                              ▆▆',
    'entropy     0.400 nats                         █▁',
    'dropped     6 (low-entropy 3, no-answer 3)',
    'time        1.00 s/iteration (generate 0.50 + vote 0.10 + learn 0.30 + other 0.10)',
  ]);
});

test('lines are cut to the width of the terminal', () => {
  const log = readLog([iteration(0, 0.25)]);
  for (const line of progressBlock({ log, total: 10 }, 30)) expect(line.length).toBeLessThan(31);
});

test('nothing has happened yet', () => {
  const [first, second] = progressBlock({ log: readLog([]), total: 10 }, 80);
  expect(first).toContain('0/10');
  expect(first).toContain('starting');
  expect(second).toContain('not yet');
});

test('a terminal is redrawn in place, notices stay above', () => {
  const { printer, read } = screen(true);
  printer.record(iteration(0, 0.25));
  printer.notice('voter-1 was started again');
  printer.end('Finished.');
  expect(read()).toMatch(/s\/iteration .*\nFinished\.\n$/);
  const [, second] = read().split('\u001b[7A\u001b[0J');
  expect(second).toMatch(/^voter-1 was started again\niteration {3}1\/10/);
});

test('elsewhere an iteration is one line', () => {
  const { printer, read } = screen(false);
  printer.record(evaluation(0, 0.31, 0.4));
  printer.record(iteration(0, 0.25));
  expect(read()).toBe(
    'validation after 0 iterations: 31.0 % at the start  ▃\n' +
      'iteration 1/10 · reward 0.250 · vote share 0.750 · entropy 0.500 · ' +
      'dropped 6 (low-entropy 3, no-answer 3) · ' +
      '1.00 s/iteration (generate 0.50 + vote 0.10 + learn 0.30 + other 0.10) · 9 s left\n',
  );
});

test('a suspicion of collapse is told while it lasts', () => {
  const { printer, read } = screen(false);
  const collapse = { kind: 'suspected', since: 4, reasons: ['same-answer', 'entropy-rises'] };
  printer.record({ ...iteration(8, 0.5), collapse });
  printer.record({ ...iteration(9, 0.5), collapse: { kind: 'healthy' } });
  const [suspected, healthy] = read().trim().split('\n');
  expect(suspected).toContain(
    'collapse suspected since iteration 5: more and more prompts get the same answer; entropy rises again',
  );
  expect(healthy).not.toContain('collapse');
});

test('JSON is the records, one a line, and nothing else', () => {
  const { printer, read } = screen(true, true);
  printer.notice('not for programs');
  printer.record(iteration(0, 0.25));
  expect(JSON.parse(read())).toEqual(iteration(0, 0.25));
});

test('durations read well', () => {
  expect([12.4, 185, 3725].map(durationText)).toEqual(['12 s', '3 min 05 s', '1 h 02 min']);
});

test('a spark line scales, shortens and survives a flat curve', () => {
  expect(sparkLine([0, 0.5, 1], { width: 10 })).toBe('▁▅█');
  expect(sparkLine([1, 1], { width: 10 })).toBe('▅▅');
  expect(sparkLine([], { width: 10 })).toBe('');
  expect(sparkLine([0, 2], { width: 10, range: [0, 1] })).toBe('▁█');
  expect(
    sparkLine(
      Array.from({ length: 100 }, (_, i) => i),
      { width: 5 },
    ),
  ).toHaveLength(5);
});
