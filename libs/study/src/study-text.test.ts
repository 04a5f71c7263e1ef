import { expect, test } from 'vitest';
import { madeStudy, madeTrial } from './report/study.fixture.ts';
import { studyText } from './study-text.ts';

const srt = { base: 'sums', arm: 'srt' };

test('the table is of the seeds that confirm, and of arms that have finished', () => {
  const study = madeStudy([
    madeTrial({ ...srt, seed: 2, greedy: [0.3, 0.9, 0.2] }),
    madeTrial({ ...srt, seed: 3, greedy: [0.3, 0.8, 0.4] }),
    madeTrial({ ...srt, seed: 1, greedy: [0.3, 0.1], purpose: 'choose' }),
    madeTrial({ base: 'sums', arm: 'mgrpo', seed: 1, greedy: [0.3, 1], purpose: 'choose' }),
  ]);
  expect(studyText(study).split('\n')).toEqual([
    '',
    'Sums & more',
    '        best                    final                   seeds',
    'SRT     0.850 (0.800 to 0.900)  0.300 (0.200 to 0.400)  2 3',
    '',
  ]);
});

test('a base without a finished trial has no table', () => {
  expect(studyText(madeStudy([]))).toBe('');
});
