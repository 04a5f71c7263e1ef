import { expect, test } from 'vitest';
import { scorePass } from './score.ts';

test('a pass is scored, by hand', () => {
  const problem = (answer: string) => ({ tokens: new Int32Array(), answer });
  const pass = {
    temperature: 0.8,
    answers: [
      ['1', '1', null],
      ['1', '2', '3'],
    ],
    entropy: 0.5,
    responseTokens: 7,
  };
  expect(scorePass(pass, [problem('1'), problem('3')])).toEqual({
    temperature: 0.8,
    samples: 3,
    accuracy: 3 / 6,
    unanswered: 1 / 6,
    topAnswerShare: 3 / 6,
    entropy: 0.5,
    responseTokens: 7,
  });
});
