import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GroupMember, Role } from './group.ts';
import { type JudgeOptions, judgeGroup, stepTotals } from './judge-group.ts';
import type { Method } from './method.ts';
import { mgrpo } from './methods/mgrpo.ts';
import { defaultAlgorithmOptions } from './options.ts';
import { majorityVote } from './vote.ts';

type Line = readonly [answer: string | null, entropy: number];
const rollouts = (role: Role, lines: readonly Line[]): GroupMember[] =>
  lines.map(([answer, entropy], index) => ({
    role,
    index,
    answer,
    entropy,
    selfCertainty: null,
    numTokens: 10 + index,
  }));
const group = (ofPolicy: readonly Line[], ofMomentum: readonly Line[]) => [
  ...rollouts('policy', ofPolicy),
  ...rollouts('momentum', ofMomentum),
];

// Entropies sorted: 0.1 1 1 1 2 2 2 2 -> Q1 = 1, Q3 = 2, fence 0.25: only the first rollout is below.
const worked = group(
  [
    ['7', 0.1],
    ['7', 1],
    ['5', 1],
    ['5', 1],
    [null, 2],
    ['5', 2],
  ],
  [
    ['7', 2],
    ['9', 2],
  ],
);
const options: JudgeOptions = { ...defaultAlgorithmOptions, groupSize: 8 };
const withFilter = (filter: Partial<JudgeOptions['filter']>): JudgeOptions => ({
  ...options,
  filter: { ...options.filter, ...filter },
});
const withBaseline = (baseline: 'kept' | 'all'): JudgeOptions => ({
  ...options,
  advantage: { ...options.advantage, baseline, epsilon: 0 },
});

/** One short word per rollout: d dropped, else v votes, t trains, and the reward. */
const short = (verdict: ReturnType<typeof judgeGroup>) =>
  verdict.members.map(({ outcome }) =>
    outcome.kind === 'dropped'
      ? outcome.reason
      : `${outcome.votes ? 'v' : ''}${outcome.trains ? 't' : ''}${outcome.reward}`,
  );
const advantagesOf = (verdict: ReturnType<typeof judgeGroup>) =>
  verdict.members.map(({ outcome }) => (outcome.kind === 'kept' ? outcome.advantage : null));

describe('a hand-worked group', () => {
  test('M-GRPO drops the outlier from vote and training (Algorithm 1)', () => {
    const verdict = judgeGroup(worked, options);
    expect(verdict.fence).toEqual({
      kind: 'pooled',
      fence: { kind: 'iqr', q1: 1, q3: 2, lower: 0.25 },
    });
    // Votes: 5 5 5 and 7 7 and 9.
    expect(verdict.label).toEqual({
      kind: 'majority',
      answer: '5',
      votes: 3,
      share: 0.5,
      numVotes: 6,
      numAnswers: 3,
    });
    expect(short(verdict)).toEqual(['low-entropy', 'vt0', 'vt1', 'vt1', 't0', 'vt1', 'v0', 'v0']);
    // Rewards 0 1 1 0 1: mean 0.6, Bessel-corrected deviation sqrt(1.2 / 4) = 0.547723.
    const low = -0.6 / (Math.sqrt(0.3) + 1e-6);
    const high = 0.4 / (Math.sqrt(0.3) + 1e-6);
    const advantages = advantagesOf(verdict);
    [low, high, high, low, high].forEach((expected, i) => {
      expect(advantages[i + 1]).toBeCloseTo(expected, 12);
    });
    expect(advantages.slice(6)).toEqual([0, 0]);
    expect(verdict.signal).toEqual({ kind: 'some' });
  });

  test('without the filter the tie at three votes goes to the answer with a momentum vote', () => {
    const verdict = judgeGroup(worked, withFilter({ kind: 'off' }));
    expect(verdict.label).toMatchObject({ answer: '7', votes: 3, numVotes: 7 });
    expect(short(verdict)).toEqual(['vt1', 'vt1', 'vt0', 'vt0', 't0', 'vt0', 'v1', 'v0']);
  });

  test('vote-only: the outlier does not vote but trains', () => {
    const verdict = judgeGroup(worked, withFilter({ scope: 'vote-only' }));
    expect(verdict.label).toMatchObject({ answer: '5' });
    expect(short(verdict)[0]).toBe('t0');
  });

  test('static: the lowest share is dropped', () => {
    const verdict = judgeGroup(worked, withFilter({ kind: 'static', share: 0.25 }));
    expect(verdict.fence).toEqual({ kind: 'pooled', fence: { kind: 'static', lower: 1 } });
    expect(short(verdict)[0]).toBe('low-entropy');
  });

  test('baseline all: the dropped rollout counts in mean and deviation, but gets no advantage', () => {
    const verdict = judgeGroup(worked, withBaseline('all'));
    // Rewards of all six: 0 0 1 1 0 1: mean 0.5, deviation sqrt(1.5 / 5).
    expect(advantagesOf(verdict)[0]).toBeNull();
    expect(advantagesOf(verdict)[2]).toBeCloseTo(0.5 / Math.sqrt(0.3), 12);
  });

  test('SRT: no momentum rollouts, no filter, the policy votes on its own', () => {
    const members = rollouts('policy', [
      ['7', 0.1],
      ['7', 1],
      ['5', 1],
      [null, 1],
    ]);
    const verdict = judgeGroup(members, { ...options, method: 'srt', groupSize: 4 });
    expect(verdict.fence).toEqual({ kind: 'off' });
    expect(short(verdict)).toEqual(['vt1', 'vt1', 'vt0', 't0']);
  });
});

describe('groups without a signal', () => {
  test('nobody has an answer: the whole group is dropped', () => {
    const members = group(
      [
        [null, 1],
        [null, 1],
        [null, 1],
      ],
      [[null, 1]],
    );
    const verdict = judgeGroup(members, { ...options, groupSize: 4 });
    expect(short(verdict)).toEqual(['no-label', 'no-label', 'no-label', 'no-answer']);
    expect(verdict.signal).toEqual({ kind: 'none', reason: 'no-label' });
    expect(stepTotals([verdict])).toEqual({ numTokens: 0, numSequences: 0, numPrompts: 1 });
  });

  test('everybody agrees: advantages are zero, the tokens still count', () => {
    const members = group(
      [
        ['1', 1],
        ['1', 1],
        ['1', 1],
      ],
      [['1', 1]],
    );
    const verdict = judgeGroup(members, { ...options, groupSize: 4 });
    expect(advantagesOf(verdict)).toEqual([0, 0, 0, 0]);
    expect(verdict.signal).toEqual({ kind: 'none', reason: 'equal-rewards' });
    expect(stepTotals([verdict])).toEqual({ numTokens: 33, numSequences: 3, numPrompts: 1 });
  });

  test('one policy rollout is too few', () => {
    const members = group(
      [['1', 1]],
      [
        ['1', 1],
        ['2', 1],
      ],
    );
    const verdict = judgeGroup(members, { ...options, groupSize: 3, momentumRollouts: 2 });
    expect(verdict.signal).toEqual({ kind: 'none', reason: 'too-few-rollouts' });
  });
});

describe('groups that are refused', () => {
  test('a missing, doubled or misplaced rollout is named', () => {
    const four = { ...options, groupSize: 4 };
    const members = group(
      [
        ['1', 1],
        ['1', 1],
        ['1', 1],
      ],
      [['1', 1]],
    );
    expect(() => judgeGroup(members.slice(0, 3), four)).toThrow(
      /got 3: policy 0, policy 1, policy 2/,
    );
    expect(() => judgeGroup(members.toReversed(), four)).toThrow(/in order/);
    expect(() => judgeGroup([...members.slice(0, 3), members[0]!], four)).toThrow(/in order/);
  });

  test('an entropy that is not a number would move every fence', () => {
    const members = group(
      [
        ['1', Number.NaN],
        ['1', 1],
        ['1', 1],
      ],
      [['1', 1]],
    );
    expect(() => judgeGroup(members, { ...options, groupSize: 4 })).toThrow(
      /policy rollout 0 has entropy NaN/,
    );
  });
});

test('in any group: drops have low entropy or no answer, and only policy rollouts train', () => {
  const line = fc.tuple(
    fc.constantFrom('1', '2', null),
    fc.double({ min: 0, max: 3, noNaN: true }),
  );
  const lines = (length: number) => fc.array(line, { minLength: length, maxLength: length });
  const scope = fc.constantFrom('vote-only', 'vote-and-train');
  fc.assert(
    fc.property(lines(6), lines(2), scope, (ofPolicy, ofMomentum, filterScope) => {
      const verdict = judgeGroup(group(ofPolicy, ofMomentum), withFilter({ scope: filterScope }));
      const kept = verdict.members.flatMap(({ outcome, ...member }) =>
        outcome.kind === 'kept' ? [{ ...member, ...outcome }] : [],
      );
      for (const member of kept) {
        expect(member.trains || member.votes).toBe(true);
        if (member.trains) expect(member.role).toBe('policy');
        if (!member.trains) expect(member.advantage).toBe(0);
      }
      expect(Math.abs(kept.reduce((sum, member) => sum + member.advantage, 0))).toBeLessThan(1e-9);
    }),
  );
});

describe('a method of one’s own is a composition too', () => {
  const four: JudgeOptions = { ...options, groupSize: 4 };
  const members = group(
    [
      ['1', 1],
      ['1', 1],
      ['2', 1],
    ],
    [['2', 1]],
  );

  test('a label that needs more than half of the votes', () => {
    const confident: Method = {
      ...mgrpo,
      labels: {
        kind: 'vote',
        voters: ['policy', 'momentum'],
        label: (voters) => {
          const label = majorityVote(voters);
          const isSure = label.kind === 'majority' && label.share > 0.5;
          return isSure ? label : { kind: 'none', reason: 'no-votes' };
        },
      },
    };
    const verdict = judgeGroup(members, four, { method: confident });
    expect(verdict.signal).toEqual({ kind: 'none', reason: 'no-label' });
  });

  test('a reward that needs no label', () => {
    const brief: Method = {
      ...mgrpo,
      labels: { kind: 'none' },
      reward: (member) => 1 / member.numTokens,
    };
    const verdict = judgeGroup(members, four, { method: brief });
    expect(verdict.signal).toEqual({ kind: 'some' });
    expect(advantagesOf(verdict)[0]).toBeGreaterThan(0);
  });
});
