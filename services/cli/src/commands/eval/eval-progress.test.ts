import { expect, test } from 'vitest';
import { EvalProgress } from './eval-progress.ts';

const result = (benchmark: string, isRight: boolean) => ({
  benchmark,
  id: '',
  answers: ['1'],
  right: [isRight],
  tokens: [1],
  numCut: 0,
});

test('time left comes from what was done now, accuracy from all', () => {
  let text = '';
  let nowMs = 0;
  const output = { write: (part: string) => (text += part) };
  const done = [result('math500', true), result('math500', true)];
  const progress = new EvalProgress(output, { total: 5, done, now: () => nowMs });
  nowMs = 10_000;
  progress.result(result('math500', false));
  expect(text).toBe('3/5 problems · math500 66.7 % of 3 · 20 s left\n');
  progress.result(result('aime24', true));
  progress.result(result('aime24', true));
  progress.end();
  expect(text).toMatch(/5\/5 problems · aime24 100\.0 % of 2 · done\n$/);
});

test('a terminal has one line, which is drawn anew and cleared', () => {
  let text = '';
  const output = { isTTY: true, columns: 30, write: (part: string) => (text += part) };
  const progress = new EvalProgress(output, { total: 2, done: [], now: () => 0 });
  progress.result(result('math500', true));
  progress.end();
  expect(text).toBe('\r\u001b[2K1/2 problems · math500 100.0 \r\u001b[2K');
});
