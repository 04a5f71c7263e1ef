import { type GroupMember, judgeQuestion } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import { measureIteration } from './measure-iteration.ts';
import { smallAlgorithm } from './replay/replay.fixture.ts';

/** A rollout: its answer and its entropy. */
type Row = readonly [answer: string | null, entropy: number];

const membersOf = (policy: readonly Row[], momentum: readonly Row[] = []): GroupMember[] =>
  [...policy, ...momentum].map(([answer, entropy], position) => {
    const isPolicy = position < policy.length;
    const role = isPolicy ? 'policy' : 'momentum';
    const index = isPolicy ? position : position - policy.length;
    return { role, index, answer, entropy, selfCertainty: null, numTokens: 1 };
  });

/** Measures one question, asked with a prompt for each group, whose gold answer is B. */
function measure(groups: readonly GroupMember[][], options: object = {}) {
  const algorithm = smallAlgorithm(options);
  const verdicts = judgeQuestion({ groups, gold: null }, algorithm);
  const studied = verdicts.map((verdict) => ({
    problem: { tokens: Int32Array.of(1), answer: 'B' },
    policy: [],
    verdict,
  }));
  const train = { kind: 'no-signal' } as never;
  const iteration = { iteration: 0, groups: studied, train, seconds: { generate: 0, train: 0 } };
  return measureIteration(iteration, algorithm);
}

const rows = (entropy: number, ...answers: (string | null)[]): Row[] =>
  answers.map((answer) => [answer, entropy]);

test('momentum rollouts that the fence silences altogether would have turned the label', () => {
  // Q1 0.875 and Q3 1: the fence is at 0.78, above both momentum rollouts.
  const group = membersOf(rows(1, 'A', 'A', 'A', 'B', 'B', null), rows(0.5, 'B', 'B'));
  const { low, labelAccuracy } = measure([group]);
  expect(labelAccuracy).toBe(0);
  expect(low).toMatchObject({ count: 2, right: 2, momentumShare: 1, policyShare: 0 });
  expect(low).toMatchObject({ flipped: 1, flippedToRight: 1, flippedToWrong: 0, forLabel: 0 });
});

test('what a silenced rollout would have turned is decided by the rule of the method', () => {
  const group = membersOf(
    [...rows(1, 'A', 'A', 'A', 'B', 'B'), ['A', 0.1]],
    [
      ['B', 1],
      ['B', 1],
    ],
  );
  // By heads B has 4 votes of 7, and A with the silenced one as many as B: the momentum votes decide, for B.
  expect(measure([group]).low).toMatchObject({ count: 1, flipped: 0, forLabel: 0 });
  const balanced = { method: 'balanced-vote', filter: { kind: 'iqr' } };
  const swayed = membersOf(rows(1, 'A', 'A', 'A', 'A', 'B', 'B'), [
    ['A', 0.1],
    ['B', 1],
  ]);
  expect(measure([swayed]).low).toMatchObject({ count: 1, flipped: 0, forLabel: 1 });
  // A has 4 × 1 and B 2 × 1 + 6: B. With the silenced one A has 4 × 2 + 6 and B 2 × 2 + 6: A.
  expect(measure([swayed], balanced).low).toMatchObject({
    count: 1,
    forLabel: 0,
    flipped: 1,
    flippedToWrong: 1,
  });
});

test('a prompt without a label that its silenced rollouts would give it is counted', () => {
  const group = membersOf(rows(1, null, null, null, null, null), [
    ...rows(1, null, null),
    ['B', 0],
  ]);
  const fiveAndThree = { momentumRollouts: 3 };
  expect(measure([group], fiveAndThree).low).toMatchObject({
    count: 1,
    flipped: 1,
    flippedToRight: 1,
  });
});

test('two wordings label each other: each label is turned by the rollouts of the other', () => {
  const silencing = membersOf([...rows(1, 'A', 'A', 'A', 'B', 'B'), ...rows(0.1, 'B', 'B')]);
  const other = membersOf(rows(1, 'A', 'A', 'A', 'A', 'A', 'A', 'A'));
  const options = {
    method: 'co-reward',
    groupSize: 7,
    momentumRollouts: 0,
    filter: { kind: 'iqr' },
  };
  // The second wording's label is A, of the first one's votes; with all of them it would be B.
  expect(measure([silencing, other], options).low).toMatchObject({
    count: 2,
    forLabel: 0,
    flipped: 1,
    flippedToRight: 1,
  });
});

test('roles that do not vote would have voted for nothing', () => {
  const group = membersOf([...rows(1, 'A', 'A', 'A'), ['A', 0.1]], rows(1, 'A', 'A', 'A', 'A'));
  const options = { method: 'co-rewarding-2', momentumRollouts: 4, filter: { kind: 'iqr' } };
  expect(measure([group], options).low).toMatchObject({ count: 1, forLabel: 0, flipped: 0 });
});
