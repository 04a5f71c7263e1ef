import { expect, test } from 'vitest';
import { record, smallAlgorithm, swayedGroup } from './replay.fixture.ts';
import { replayStream } from './replay.ts';
import { replayCsv, replayText } from './replay-text.ts';

/** What each rule does to a stream of copies of the swayed group, recorded under M-GRPO as it stands. */
function replayOf(gold: string | null, numGroups = 1) {
  const algorithm = smallAlgorithm();
  const copies = Array.from({ length: numGroups }, () => swayedGroup);
  return replayStream({ title: 'a trial', algorithm, groups: record(copies, algorithm, gold) });
}

function ruleOf(name: string, gold: string | null = 'A') {
  const rule = replayOf(gold).rules.find((one) => one.name === name);
  return rule!.measures.all;
}

test('the recorded rule changes nothing and says what it silenced', () => {
  expect(ruleOf('iqr-0.75')).toEqual({
    groups: 1,
    labelled: 1,
    rightLabels: { of: 1, count: 1 },
    changed: 0,
    changedToRight: 0,
    changedFromRight: 0,
    beyond: { policy: { of: 6, count: 1 }, momentum: { of: 2, count: 0 } },
    flatFences: { of: 1, count: 1 },
    right: {
      beyond: { policy: { of: 1, count: 0 }, momentum: null },
      others: { policy: { of: 5, count: 2 }, momentum: { of: 2, count: 1 } },
    },
    unheard: { forLabel: 0, against: 1, unanswered: 0 },
    silenced: { labels: 1, toRight: 0, fromRight: 1 },
    training: {
      signRight: { of: 5, count: 5 },
      // Rewards 1, 1, 0, 0, 0: mean 0.4, deviation by n - 1.
      advantageOfRight: expect.closeTo(0.6 / Math.sqrt(0.3), 4),
      advantageOfWrong: expect.closeTo(-0.4 / Math.sqrt(0.3), 4),
      spared: { wrongPunished: 1, wrongRewarded: 0, rightPunished: 0, rightRewarded: 0 },
    },
  });
});

test('without a filter the certain wrong rollout turns the label, and every sign with it', () => {
  const off = ruleOf('off');
  expect(off).toMatchObject({ changed: 1, changedToRight: 0, changedFromRight: 1 });
  expect(off.rightLabels).toEqual({ of: 1, count: 0 });
  // Only the rollout without an answer is treated as it deserves.
  expect(off.training!.signRight).toEqual({ of: 6, count: 1 });
});

test('filtered from the vote only, the wrong rollout is punished after all', () => {
  const { training, rightLabels } = ruleOf('iqr-0.75-vote-only');
  expect(rightLabels).toEqual({ of: 1, count: 1 });
  expect(training!.signRight).toEqual({ of: 6, count: 6 });
  expect(training!.spared.wrongPunished).toBe(0);
});

test('by the sum the long response is the least certain, and is kept', () => {
  expect(ruleOf('iqr-0.75-sum')).toMatchObject({
    rightLabels: { of: 1, count: 0 },
    beyond: { policy: { count: 0 }, momentum: { count: 0 } },
  });
});

test('the high-entropy contrast drops the most uncertain rollout instead', () => {
  const high = ruleOf('iqr-0.75-high');
  expect(high.beyond).toMatchObject({ policy: { count: 0 }, momentum: { count: 1 } });
  expect(high.unheard).toEqual({ forLabel: 0, against: 1, unanswered: 0 });
  expect(high.silenced).toEqual({ labels: 1, toRight: 0, fromRight: 1 });
});

test('voters can be the policy, the momentum model, both, or both with equal weight', () => {
  const labelsOf = (name: string) => ruleOf(name).rightLabels!.count;
  expect(labelsOf('votes-policy')).toBe(0); // 2 : 3
  expect(labelsOf('votes-momentum')).toBe(1); // 1 : 1, and A was first
  expect(labelsOf('votes-both')).toBe(0); // 3 : 4
  expect(labelsOf('votes-halves')).toBe(0); // 2 × 2 + 5 : 3 × 2 + 5
  expect(labelsOf('votes-policy-iqr-0.75')).toBe(1); // 2 : 2
});

test.each([
  ['balanced-vote', { momentumRollouts: 2 }],
  ['co-rewarding-2', { momentumRollouts: 2 }],
  ['co-reward', { groupSize: 6, momentumRollouts: 0 }],
])('%s without a filter is replayed by its own vote: no label changes', (method, counts) => {
  const algorithm = smallAlgorithm({ method, ...counts });
  const answers = [
    ['A', 'A', 'A', 'A', 'B', 'B', 'B', 'B'],
    ['B', 'B', 'C', 'C', 'C', 'C', 'B', 'A'],
  ];
  const members = answers.map((column) =>
    swayedGroup
      .slice(0, algorithm.groupSize)
      .map((member, at) => ({ ...member, answer: column[at]! })),
  );
  const groups = record(members, algorithm, 'A');
  const { rules, differing } = replayStream({ title: method, algorithm, groups });
  expect(differing).toBe(0);
  expect(rules[0]!.name).toBe('off');
  expect(rules[0]!.measures.all).toMatchObject({ changed: 0, silenced: { labels: 0 } });
});

test('phases are thirds of the iterations', () => {
  const { measures } = replayOf('A', 18).rules[0]!;
  const { all, first, second, last } = measures;
  expect([all, first, second, last].map(({ groups }) => groups)).toEqual([18, 6, 6, 6]);
});

test('without gold answers changes are counted, and nothing is called right', () => {
  const off = ruleOf('off', null);
  expect(off).toMatchObject({ changed: 1, rightLabels: null, right: null, training: null });
  expect(off.changedToRight).toBeNull();
  const text = replayText(replayOf(null));
  expect(text).toContain('gold answers known for 0');
  expect(text).not.toContain('sign right');
});

test('a policy that votes alone has no rules for momentum rollouts', () => {
  const algorithm = smallAlgorithm({ method: 'srt', momentumRollouts: 0 });
  const members = swayedGroup.map((member, index) => ({
    ...member,
    role: 'policy' as const,
    index,
  }));
  const { rules, differing } = replayStream({
    title: 'srt',
    algorithm,
    groups: record([members], algorithm, 'A'),
  });
  expect(differing).toBe(0);
  expect(rules.map(({ name }) => name).filter((name) => /votes|role/.test(name))).toEqual([]);
});

test('the table has a line for each rule, the CSV one for each rule and phase', () => {
  const result = replayOf('A', 6);
  const text = replayText(result);
  expect(text).toContain('a trial: mgrpo, 6 groups of 3 iterations, gold answers known');
  expect(text).toMatch(/no filter +0\.0 +6 +0 \/ 6 +- +0\.0 \/ 0\.0/);
  expect(text).toContain('A counterfactual without retraining');
  const lines = replayCsv(result).trimEnd().split('\n');
  expect(lines).toHaveLength(1 + 4 * result.rules.length);
  expect(new Set(lines.map((line) => line.split(',').length)).size).toBe(1);
});
