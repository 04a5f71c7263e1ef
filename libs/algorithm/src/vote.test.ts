import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupMember } from './group.ts';
import { agreementReward } from './reward.ts';
import { majorityVote } from './vote.ts';

/** A group written as answers: policy('5', '7', null). */
const policy = (...answers: (string | null)[]): GroupMember[] =>
  answers.map((answer, index) => ({
    role: 'policy',
    index,
    answer,
    entropy: 1,
    selfCertainty: null,
    numTokens: 1,
  }));
const momentum = (...answers: (string | null)[]): GroupMember[] =>
  policy(...answers).map((member) => ({ ...member, role: 'momentum' }));

test('the most frequent answer wins and is counted among the votes cast', () => {
  expect(majorityVote([...policy('5', '7', null, '7'), ...momentum('9')])).toEqual({
    kind: 'majority',
    answer: '7',
    votes: 2,
    share: 0.5,
    numVotes: 4,
    numAnswers: 3,
  });
});

test('of equally frequent answers the one with more momentum votes wins', () => {
  expect(majorityVote([...policy('5', '5', '7'), ...momentum('7')])).toMatchObject({ answer: '7' });
});

test('of answers equal in that too the earliest rollout decides, policy before momentum', () => {
  expect(majorityVote(policy('5', '7'))).toMatchObject({ answer: '5' });
  expect(majorityVote([...policy(null, '5', '7'), ...momentum('7', '5')])).toMatchObject({
    answer: '5',
  });
  expect(majorityVote(momentum('8', '3'))).toMatchObject({ answer: '8' });
});

test('weights decide the winner and leave the counts as they are', () => {
  const group = [...policy('5', '5', '5', '7'), ...momentum('7', '9')];
  expect(majorityVote(group)).toMatchObject({ answer: '5', votes: 3 });
  // 5 has 3, 7 has 1 + 3, 9 has 3.
  expect(majorityVote(group, { policy: 1, momentum: 3 })).toEqual({
    kind: 'majority',
    answer: '7',
    votes: 2,
    share: 1 / 3,
    numVotes: 6,
    numAnswers: 3,
  });
});

test('an answer named like a property of every object is an answer like any other', () => {
  expect(majorityVote(policy('__proto__', 'constructor', '__proto__'))).toMatchObject({
    answer: '__proto__',
  });
});

test('without any answer there is no label', () => {
  expect(majorityVote(policy(null, null))).toEqual({ kind: 'none', reason: 'no-votes' });
  expect(majorityVote([])).toEqual({ kind: 'none', reason: 'no-votes' });
});

test('the vote is the same in whatever order the rollouts come, and no answer has more votes', () => {
  const answer = fc.constantFrom('1', '2', '3', null);
  const answers = fc.array(answer, { maxLength: 12 });
  fc.assert(
    fc.property(answers, answers, fc.nat(), (ofPolicy, ofMomentum, cut) => {
      const group = [...policy(...ofPolicy), ...momentum(...ofMomentum)];
      const label = majorityVote(group);
      const at = cut % (group.length + 1);
      expect(majorityVote([...group.slice(at), ...group.slice(0, at)].toReversed())).toEqual(label);
      if (label.kind === 'majority') {
        for (const candidate of ['1', '2', '3']) {
          const votes = group.filter((m) => m.answer === candidate).length;
          expect(votes).toBeLessThanOrEqual(label.votes);
        }
      }
    }),
  );
});

test('agreement earns 1, another or no answer 0, and without a label there is no reward', () => {
  const group = policy('7', '5', null);
  const label = majorityVote(policy('7'));
  expect(group.map((member) => agreementReward(member, label))).toEqual([1, 0, 0]);
  expect(agreementReward(group[0]!, majorityVote([]))).toBeNull();
});
