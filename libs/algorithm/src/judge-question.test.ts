import { expect, test } from 'vitest';
import type { GroupMember } from './group.ts';
import { judgeQuestion } from './judge-question.ts';
import type { MethodName } from './methods.ts';
import { defaultAlgorithmOptions } from './options.ts';

const group = (...answers: string[]): GroupMember[] =>
  answers.map((answer, index) => {
    return { role: 'policy', index, answer, entropy: 1, selfCertainty: null, numTokens: 5 };
  });
const of = (method: MethodName) => ({ ...defaultAlgorithmOptions, method, groupSize: 3 });
const question = group('7', '7', '5');
const rephrasing = group('5', '5', '9');

test('two wordings label each other', () => {
  const verdicts = judgeQuestion({ groups: [question, rephrasing], gold: null }, of('co-reward'));
  expect(verdicts.map(({ label }) => label)).toMatchObject([{ answer: '5' }, { answer: '7' }]);
  const rewards = verdicts.map(({ members }) =>
    members.map(({ outcome }) => outcome.kind === 'kept' && outcome.reward),
  );
  expect(rewards).toEqual([
    [0, 0, 1],
    [0, 0, 0],
  ]);
});

test('gold labels the group where the method is labelled, the vote where it is not', () => {
  const [gold] = judgeQuestion({ groups: [question], gold: '5' }, of('grpo'));
  expect(gold!.label).toEqual({ kind: 'gold', answer: '5' });
  const [vote] = judgeQuestion({ groups: [question], gold: null }, of('srt'));
  expect(vote!.label).toMatchObject({ kind: 'majority', answer: '7' });
});

test.each<[MethodName, number, string | null]>([
  ['srt', 1, '5'],
  ['srt', 2, null],
  ['grpo', 1, null],
  ['co-reward', 1, null],
  ['co-reward', 2, '5'],
])('%s refuses a question of %i prompts with gold answer %s', (method, numGroups, gold) => {
  const groups = [question, rephrasing].slice(0, numGroups);
  expect(() => judgeQuestion({ groups, gold }, of(method))).toThrow(`method ${method} judges`);
});
