import { type GroupMember, judgeGroup } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { measureIteration } from './measure-iteration.ts';
import { smallAlgorithm } from './replay/replay.fixture.ts';

test('momentum rollouts that the fence silences altogether would have turned the label', () => {
  const algorithm = smallAlgorithm();
  const answers = ['A', 'A', 'A', 'B', 'B', null, 'B', 'B'];
  const members = answers.map((answer, position): GroupMember => {
    const isPolicy = position < 6;
    const index = isPolicy ? position : position - 6;
    // Q1 0.875 and Q3 1: the fence is at 0.78, above both momentum rollouts.
    const entropy = isPolicy ? 1 : 0.5;
    const role = isPolicy ? 'policy' : 'momentum';
    return { role, index, answer, entropy, selfCertainty: null, numTokens: 1 };
  });
  const group = {
    problem: { tokens: Int32Array.of(1), answer: 'B' },
    policy: [],
    verdict: judgeGroup(members, algorithm),
  };
  const iteration = {
    iteration: 0,
    groups: [group],
    train: { kind: 'no-signal' } as never,
    seconds: { generate: 0, train: 0 },
  };
  const { low, labelAccuracy } = measureIteration(iteration, algorithm);
  expect(labelAccuracy).toBe(0);
  expect(low).toMatchObject({ count: 2, right: 2, momentumShare: 1, policyShare: 0 });
  expect(low).toMatchObject({ flipped: 1, flippedToRight: 1, flippedToWrong: 0 });
});
