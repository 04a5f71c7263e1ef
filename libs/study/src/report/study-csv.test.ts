import { expect, test } from 'vitest';
import { madeStudy, madeTrial } from './study.fixture.ts';
import { csv, curvesCsv, trialsCsv } from './study-csv.ts';

const study = madeStudy([
  madeTrial({ base: 'sums', arm: 'srt', seed: 2, greedy: [0.3, 0.9, 0.5], hasVote: false }),
]);

test('fields with commas, quotes or line ends are quoted, missing ones empty', () => {
  const rows = [
    { name: 'a,b', note: 'say "so"', value: 0.5 },
    { name: 'two\nlines', note: '', value: null },
  ];
  expect(csv(rows)).toBe('name,note,value\r\n"a,b","say ""so""",0.5\r\n"two\nlines",,\r\n');
});

test('trials.csv has one row for each trial, with what identifies it', () => {
  const [head, row, ...rest] = trialsCsv(study).trimEnd().split('\r\n');
  expect(rest).toEqual([]);
  const names = head!.split(',');
  const field = (name: string) => row!.split(',')[names.indexOf(name)];
  expect(field('best')).toBe('0.9');
  expect(field('final')).toBe('0.5');
  expect(field('fall_iteration')).toBe('20');
  expect(field('weights_sha256')).toMatch(/^srt2/);
  expect(field('file')).toBe('trials/sums/srt/seed-2.jsonl');
});

test('curves.csv has a row before training and one for each iteration, empty where nothing was measured', () => {
  const [head, ...rows] = curvesCsv(study).trimEnd().split('\r\n');
  const at = head!.split(',');
  const field = (row: number, name: string) => rows[row]!.split(',')[at.indexOf(name)];
  expect(rows).toHaveLength(21);
  expect([field(0, 'greedy_accuracy'), field(0, 'reward')]).toEqual(['0.3', '']);
  expect([field(1, 'greedy_accuracy'), field(1, 'reward')]).toEqual(['', '0.5']);
  expect([field(20, 'greedy_accuracy'), field(20, 'vote_share')]).toEqual(['0.5', '']);
});
