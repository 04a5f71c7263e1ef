import { defaultCollapseOptions } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { judgeSentinel, quarterLostAt, type WatchedTrial } from './judge-sentinel.ts';
import { sentinelRow, sentinelTable, signRows, studySentinel } from './sentinel-table.ts';

const options = { ...defaultCollapseOptions, window: 4, patience: 2 };

/** A trial of 60 iterations, evaluated every 10; all prompts get the same answer from `changesAt` on. */
const trial = (accuracies: readonly number[], changesAt = 60): WatchedTrial =>
  ({
    iterations: Array.from({ length: 60 }, (_, iteration) => ({
      iteration,
      selfAgreement: 0.9,
      labelCollision: iteration < changesAt ? 0.1 : 0.9,
      disagreement: null,
      responseTokens: 8,
      entropy: { policy: 0.1, momentum: null },
      gradientNorm: 0.5,
    })),
    evaluations: accuracies.map((accuracy, position) => ({
      iteration: 10 * position,
      greedy: { accuracy },
    })),
  }) as unknown as WatchedTrial;

const holds = [0.3, 0.9, 1, 1, 1, 1, 1];
const falls = [0.3, 0.9, 1, 1, 0.8, 0.7, 0.2];

test('a quarter is lost at the first evaluation below three quarters of the best before it', () => {
  expect(quarterLostAt(trial(falls).evaluations)).toBe(50);
  expect(quarterLostAt(trial(holds).evaluations)).toBeNull();
  expect(quarterLostAt(trial([0.3, 0.2]).evaluations)).toBe(10);
});

test('each way a trial and its alarm can go has its verdict', () => {
  const alarm = { at: 32, reasons: ['same-answer'] };
  const judge = (accuracies: readonly number[], changesAt?: number) =>
    judgeSentinel(trial(accuracies, changesAt), options);
  expect(judge(falls, 30)).toEqual({ kind: 'caught', lostAt: 50, alarm, leadIterations: 18 });
  expect(judge(falls, 50)).toEqual({ kind: 'late', lostAt: 50, alarm: { ...alarm, at: 52 } });
  expect(judge(falls)).toEqual({ kind: 'missed', lostAt: 50 });
  expect(judge(holds, 30)).toEqual({ kind: 'false-alarm', alarm });
  expect(judge(holds)).toEqual({ kind: 'quiet' });
});

test('a row counts the verdicts, and the table has misses and false alarms in it', () => {
  const trials = [
    trial(falls, 30),
    trial(falls, 40),
    trial(falls, 50),
    trial(falls),
    trial(holds, 30),
    trial(holds),
  ];
  const row = sentinelRow('SRT', trials, options);
  expect(row).toEqual({
    title: 'SRT',
    numTrials: 6,
    collapsed: 4,
    caught: 2,
    late: 1,
    missed: 1,
    lead: [8, 13, 18],
    falseAlarms: 1,
  });
  expect(sentinelTable('', 'arm', [row]).rows).toEqual([
    ['SRT', '6', '4', '2', '1', '1', '13 (8 to 18)', '1 of 2'],
  ]);
  const alone = signRows(trials, options);
  expect(alone.map(({ title, caught }) => [title, caught])).toEqual([
    ['same-answer', 2],
    ['roles-disagree', 0],
    ['agreement-falls', 0],
    ['labels-conflict', 0],
    ['entropy-rises', 0],
    ['responses-shrink', 0],
  ]);
});

test("a study's table has gold arms apart, and rows without trials left out", () => {
  const of = (arm: string, watched: WatchedTrial) =>
    ({ ...watched, start: { base: 'sums', arm } }) as never;
  const arm = { title: '', set: {}, factors: {}, isOurs: false };
  const study = {
    bases: [{ name: 'sums', title: 'Sums' }],
    arms: ['srt', 'gold', 'later'].map((name) => ({ ...arm, name, title: name })),
    trials: [of('srt', trial(falls, 30)), of('gold', trial(holds, 30))],
  };
  const { rows } = studySentinel(study, options, new Set(['gold']));
  expect(rows.map((row) => [row[0], row[3], row.at(-1)])).toEqual([
    ['sums: srt', '1', '0 of 0'],
    ['sums: gold', '0', '1 of 1'],
    ['sums: all arms without labels', '1', '0 of 0'],
    ['sums: all arms with gold labels', '0', '1 of 1'],
  ]);
});
