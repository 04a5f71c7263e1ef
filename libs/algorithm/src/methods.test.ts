// One hand-worked group for each method: what it labels, whom it rewards, who trains with which advantage.
import { describe, expect, test } from 'vitest';
import type { GroupMember, Role } from './group.ts';
import { type GroupVerdict, type JudgeOptions, judgeGroup } from './judge-group.ts';
import { evidenceKind } from './method.ts';
import { type MethodName, methods } from './methods.ts';
import { defaultAlgorithmOptions } from './options.ts';
import { selfCertainty } from './self-certainty.ts';

function rollouts(role: Role, answers: readonly (string | null)[]): GroupMember[] {
  return answers.map((answer, index) => {
    return { role, index, answer, entropy: 1 + index / 8, selfCertainty: null, numTokens: 5 };
  });
}

const of = (
  method: MethodName,
  groupSize: number,
  change: Partial<JudgeOptions> = {},
): JudgeOptions => ({ ...defaultAlgorithmOptions, method, groupSize, ...change });

/** Without the epsilon, advantages can be worked out by hand. */
const advantage = { ...defaultAlgorithmOptions.advantage, epsilon: 0 };

/** One word per rollout: v votes, t trains, the reward; or why it was dropped. */
const short = ({ members }: GroupVerdict) =>
  members.map(({ outcome }) =>
    outcome.kind === 'dropped'
      ? outcome.reason
      : `${outcome.votes ? 'v' : ''}${outcome.trains ? 't' : ''}${outcome.reward}`,
  );
const advantagesOf = ({ members }: GroupVerdict) =>
  members.map(({ outcome }) => (outcome.kind === 'kept' ? outcome.advantage : null));
const expectAdvantages = (verdict: GroupVerdict, expected: readonly number[]) =>
  advantagesOf(verdict).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 12);
  });

describe('srt', () => {
  const group = rollouts('policy', ['7', '7', '5', null]);

  test('with Eq. 2’s advantages, as the M-GRPO paper compares it', () => {
    const verdict = judgeGroup(group, of('srt', 4, { advantage }));
    expect(verdict.label).toMatchObject({ answer: '7', votes: 2, numVotes: 3 });
    expect(short(verdict)).toEqual(['vt1', 'vt1', 'vt0', 't0']);
    // Mean 1/2, Bessel-corrected deviation sqrt(4 × 0.25 / 3) = 1 / sqrt(3).
    const half = Math.sqrt(3) / 2;
    expectAdvantages(verdict, [half, half, -half, -half]);
  });

  test('with RLOO, as its own code has it: each reward less the mean of the three others', () => {
    const rloo = { ...advantage, estimator: 'rloo' as const };
    const verdict = judgeGroup(group, of('srt', 4, { advantage: rloo }));
    expectAdvantages(verdict, [1 - 1 / 3, 1 - 1 / 3, 0 - 2 / 3, 0 - 2 / 3]);
  });

  test('a static filter drops the lowest quarter of entropies', () => {
    const filter = { ...defaultAlgorithmOptions.filter, kind: 'static' as const, share: 0.25 };
    const verdict = judgeGroup(group, of('srt', 4, { filter }));
    // 7 and 5 are left with one vote each; the earlier one wins.
    expect(short(verdict)).toEqual(['low-entropy', 'vt1', 'vt0', 't0']);
  });
});

describe('ttrl', () => {
  const group = rollouts('policy', ['5', '7', null, '5', '7', '7', null, '9']);

  test('eight vote, the first four train and are the baseline', () => {
    const verdict = judgeGroup(group, of('ttrl', 8, { advantage }));
    expect(verdict.label).toMatchObject({ answer: '7', votes: 3, numVotes: 6 });
    expect(short(verdict)).toEqual(['vt0', 'vt1', 't0', 'vt0', 'v1', 'v1', 'no-answer', 'v0']);
    // Rewards 0 1 0 0: mean 1/4, deviation sqrt((9 + 3) / 16 / 3) = 1/2.
    expectAdvantages({ ...verdict, members: verdict.members.slice(0, 4) }, [-0.5, 1.5, -0.5, -0.5]);
    expect(advantagesOf(verdict).slice(4)).toEqual([0, 0, null, 0]);
  });

  test('the four alone would have learned 5', () => {
    const verdict = judgeGroup(group.slice(0, 4), of('srt', 4));
    expect(verdict.label).toMatchObject({ answer: '5', votes: 2, numVotes: 3 });
  });

  test('baseline all is all that may train, not all that vote', () => {
    const all = { ...advantage, baseline: 'all' as const };
    const verdict = judgeGroup(group, of('ttrl', 8, { advantage: all }));
    expect(advantagesOf(verdict)[1]).toBeCloseTo(1.5, 12);
  });
});

describe('intuitor', () => {
  const certainties = [0.5, 1.5, 1.5, 2.5];
  const group = rollouts('policy', ['7', '7', null, '5']).map((member, index) => {
    return { ...member, selfCertainty: certainties[index]! };
  });

  test('the reward is self-certainty; answers and votes do not matter', () => {
    const verdict = judgeGroup(group, of('intuitor', 4, { advantage }));
    expect(verdict.label).toEqual({ kind: 'none', reason: 'no-vote-taken' });
    expect(short(verdict)).toEqual(['t0.5', 't1.5', 't1.5', 't2.5']);
    // Mean 1.5, deviation sqrt((1 + 0 + 0 + 1) / 3).
    const one = Math.sqrt(1.5);
    expectAdvantages(verdict, [-one, 0, 0, one]);
    expect(verdict.signal).toEqual({ kind: 'some' });
  });

  test('a rollout sampled without it is refused, and so is one that is not finite', () => {
    expect(() => judgeGroup(rollouts('policy', ['7', '5']), of('intuitor', 2))).toThrow(
      /policy rollout 0 was sampled without its self-certainty/,
    );
    const infinite = group.map((member) => ({ ...member, selfCertainty: Number.NaN }));
    expect(() => judgeGroup(infinite, of('intuitor', 4))).toThrow(/self-certainty NaN/);
  });

  test('of a response: the mean over its tokens', () => {
    // KL(U || p) of p = (1/2, 1/4, 1/8, 1/8): -log 4 + (1 + 2 + 3 + 3) / 4 log 2 = log 2 / 4; of uniform: 0.
    const token = Math.log(2) / 4;
    expect(selfCertainty([token, 0, 0])).toBeCloseTo(Math.log(2) / 12, 12);
    expect(() => selfCertainty([])).toThrow(/without tokens/);
  });
});

describe('co-rewarding-2', () => {
  test('two momentum rollouts outvote two policy rollouts that do not vote', () => {
    const group = [...rollouts('policy', ['7', '5']), ...rollouts('momentum', ['5', '5'])];
    const verdict = judgeGroup(group, of('co-rewarding-2', 4, { advantage }));
    expect(verdict.label).toMatchObject({ answer: '5', votes: 2, numVotes: 2 });
    expect(short(verdict)).toEqual(['t0', 't1', 'v1', 'v1']);
    // Mean 1/2, deviation sqrt(2 × 0.25 / 1) = 1 / sqrt(2).
    expectAdvantages(verdict, [-Math.SQRT1_2, Math.SQRT1_2, 0, 0]);
  });

  test('a momentum model without answers labels nothing, whatever the policy says', () => {
    const group = [...rollouts('policy', ['7', '7']), ...rollouts('momentum', [null, null])];
    const verdict = judgeGroup(group, of('co-rewarding-2', 4));
    expect(verdict.signal).toEqual({ kind: 'none', reason: 'no-label' });
  });
});

describe('co-reward', () => {
  const question = rollouts('policy', ['7', '7', '5', null]);
  const rephrasing = rollouts('policy', ['5', '5', '5', '7']);
  const judge = (members: readonly GroupMember[], others: readonly GroupMember[]) =>
    judgeGroup(members, of('co-reward', 4, { advantage }), {
      evidence: { kind: 'other-wording', members: others },
    });

  test('the rephrasing’s majority labels the question', () => {
    const verdict = judge(question, rephrasing);
    expect(verdict.label).toMatchObject({ answer: '5', votes: 3, numVotes: 4 });
    expect(short(verdict)).toEqual(['vt0', 'vt0', 'vt1', 't0']);
    expectAdvantages(verdict, [-0.5, -0.5, 1.5, -0.5]);
  });

  test('and the question’s majority labels the rephrasing, normalised on its own', () => {
    const verdict = judge(rephrasing, question);
    expect(verdict.label).toMatchObject({ answer: '7', votes: 2, numVotes: 3 });
    expectAdvantages(verdict, [-0.5, -0.5, -0.5, 1.5]);
  });

  test('a filter keeps low-entropy rollouts of the other wording from the vote', () => {
    const filter = { ...defaultAlgorithmOptions.filter, kind: 'static' as const, share: 0.75 };
    const verdict = judgeGroup(question, of('co-reward', 4, { filter }), {
      evidence: { kind: 'other-wording', members: rephrasing },
    });
    expect(verdict.label).toMatchObject({ answer: '7', numVotes: 1 });
  });

  test('half a pair is refused, and so is an incomplete other wording', () => {
    expect(() => judgeGroup(question, of('co-reward', 4))).toThrow(/can't judge a group/);
    expect(() => judge(question, rephrasing.slice(1))).toThrow(/a group must have 4 policy/);
  });
});

describe('grpo', () => {
  test('gold beats the majority', () => {
    const group = rollouts('policy', ['7', '7', '5', null]);
    const verdict = judgeGroup(group, of('grpo', 4, { advantage }), {
      evidence: { kind: 'gold', answer: '5' },
    });
    expect(verdict.label).toEqual({ kind: 'gold', answer: '5' });
    expect(short(verdict)).toEqual(['t0', 't0', 't1', 't0']);
    expectAdvantages(verdict, [-0.5, -0.5, 1.5, -0.5]);
  });

  test('it can’t do without', () => {
    expect(() => judgeGroup(rollouts('policy', ['7', '5']), of('grpo', 2))).toThrow(
      /kind "gold" can't judge a group with evidence of kind "none"/,
    );
  });
});

describe('balanced-vote', () => {
  const group = [
    ...rollouts('policy', ['7', '7', '7', '7', '5', null]),
    ...rollouts('momentum', ['5', '5']),
  ];

  test('two momentum rollouts weigh as much as the five policy rollouts with an answer', () => {
    const verdict = judgeGroup(group, of('balanced-vote', 8, { advantage }));
    // 7 has 4 × 2 = 8 of 20, 5 has 1 × 2 + 2 × 5 = 12.
    expect(verdict.label).toMatchObject({ answer: '5', votes: 3, numVotes: 7 });
    expect(short(verdict)).toEqual(['vt0', 'vt0', 'vt0', 'vt0', 'vt1', 't0', 'v1', 'v1']);
    // Rewards 0 0 0 0 1 0: mean 1/6, deviation sqrt((5 + 25) / 36 / 5) = 1 / sqrt(6).
    const low = -Math.sqrt(6) / 6;
    expectAdvantages(verdict, [low, low, low, low, -5 * low, low, 0, 0]);
  });

  test('mgrpo without filter would have learned 7 from it', () => {
    const filter = { ...defaultAlgorithmOptions.filter, kind: 'off' as const };
    const verdict = judgeGroup(group, of('mgrpo', 8, { filter }));
    expect(verdict.label).toMatchObject({ answer: '7', votes: 4 });
  });

  test('where each model is unanimous the momentum model is followed', () => {
    const split = [...rollouts('policy', ['7', '7', '7']), ...rollouts('momentum', ['5'])];
    expect(judgeGroup(split, of('balanced-vote', 4)).label).toMatchObject({ answer: '5' });
  });

  test('a momentum model without answers leaves the label to the policy', () => {
    const silent = [...rollouts('policy', ['7', '7', '5']), ...rollouts('momentum', [null])];
    expect(judgeGroup(silent, of('balanced-vote', 4)).label).toMatchObject({ answer: '7' });
  });
});

test('no other method takes a gold answer', () => {
  const labelFree = (Object.keys(methods) as MethodName[]).filter((name) => name !== 'grpo');
  expect(labelFree.length).toBeGreaterThan(5);
  for (const name of labelFree) {
    expect(evidenceKind(methods[name])).not.toBe('gold');
    const { policy, momentum } = methods[name].counts({ ...defaultAlgorithmOptions, groupSize: 8 });
    const answers = (count: number) => new Array<string>(count).fill('7');
    const group = [
      ...rollouts('policy', answers(policy)),
      ...rollouts('momentum', answers(momentum)),
    ];
    expect(() =>
      judgeGroup(group, of(name, 8), { evidence: { kind: 'gold', answer: '7' } }),
    ).toThrow(/evidence of kind "gold"/);
  }
});
