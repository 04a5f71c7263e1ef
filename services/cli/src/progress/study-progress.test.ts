import { parseRunConfig } from '@mgrpo/config';
import type { PlannedTrial, Trial } from '@mgrpo/study';
import { expect, test } from 'vitest';
import { StudyProgress } from './study-progress.ts';

const config = parseRunConfig(
  { model: { path: 'a' }, prompts: { train: 'b' }, iterations: 100, algorithm: { groupSize: 8 } },
  'test',
);
const trials = [1, 2, 3, 4].map(
  (seed): PlannedTrial => ({
    base: 'sums',
    arm: 'mgrpo',
    seed,
    purpose: 'confirm',
    config,
    problems: 'c',
  }),
);
const trialOf = (seed: number) =>
  ({
    start: { base: 'sums', arm: 'mgrpo', seed },
    evaluations: [0.3, 0.9, 0.5].map((accuracy) => ({ greedy: { accuracy } })),
    end: { seconds: 20 },
  }) as unknown as Trial;

function screen(options: { isTTY?: boolean; json?: boolean }) {
  let [text, time] = ['', 0];
  const { isTTY = false, json = false } = options;
  const output = { isTTY, columns: 100, write: (part: string) => (text += part) };
  const progress = new StudyProgress(output, { json, trials, now: () => time });
  const wait = (seconds: number) => {
    time += 1000 * seconds;
  };
  return { progress, wait, text: () => text };
}

test('a finished trial has a line with the time left, by the work of this start', () => {
  const { progress, wait, text } = screen({});
  progress.event({ kind: 'kept', trial: trialOf(1) });
  progress.event({ kind: 'started', planned: trials[1]! });
  wait(20);
  progress.event({ kind: 'finished', trial: trialOf(2) });
  expect(text()).toBe(
    '[2/4] sums · mgrpo · seed 2: best → final greedy 0.900 → 0.500 (20 s) · 40 s left\n',
  );
});

test('a failed trial is no work that is left', () => {
  const { progress, wait, text } = screen({});
  progress.event({ kind: 'started', planned: trials[0]! });
  progress.event({ kind: 'failed', planned: trials[0]!, message: 'no room' });
  progress.event({ kind: 'started', planned: trials[1]! });
  wait(20);
  progress.event({ kind: 'finished', trial: trialOf(2) });
  expect(text()).toMatch(/^sums · mgrpo · seed 1 failed: no room\n\[1\/4\].*· 40 s left\n$/);
});

test('on a terminal what is under way is drawn below, not more often than is read', () => {
  const { progress, wait, text } = screen({ isTTY: true });
  progress.event({ kind: 'started', planned: trials[0]! });
  wait(10);
  progress.event({ kind: 'applied', planned: trials[0]!, iterations: 50 });
  progress.event({ kind: 'applied', planned: trials[0]!, iterations: 51 });
  expect(text()).toBe('\r\u001b[K0/4 · sums · mgrpo · seed 1 50/100 · 1 min 10 s left');
});

test('JSON has a line for each trial and one for the end, and nothing for people', () => {
  const { progress, text } = screen({ json: true, isTTY: true });
  progress.notice('Results: x');
  progress.event({ kind: 'started', planned: trials[0]! });
  progress.event({ kind: 'applied', planned: trials[0]!, iterations: 1 });
  progress.event({ kind: 'finished', trial: trialOf(1) });
  progress.event({ kind: 'failed', planned: trials[1]!, message: 'no room' });
  progress.end('Open x', { report: 'x/study.html', finished: 1, planned: 4 });
  const lines = text().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { kind: 'finished', trial: 'sums · mgrpo · seed 1', best: 0.9, final: 0.5, seconds: 20 },
    { kind: 'failed', trial: 'sums · mgrpo · seed 2', message: 'no room' },
    { kind: 'end', report: 'x/study.html', finished: 1, planned: 4 },
  ]);
});
