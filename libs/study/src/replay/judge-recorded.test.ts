import type { GroupMember, MethodName } from '@mgrpo/algorithm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countDiffering } from './judge-recorded.ts';
import { record, smallAlgorithm, swayedGroup } from './replay.fixture.ts';

const rollouts = fc.record({
  answer: fc.constantFrom('A', 'B', 'C', null),
  entropy: fc.double({ min: 0, max: 3, noNaN: true }),
  selfCertainty: fc.double({ min: 0, max: 3, noNaN: true }),
  numTokens: fc.integer({ min: 1, max: 9 }),
});

/** Four groups of 8 rollouts. */
function groupsOf(numPolicy: number): fc.Arbitrary<GroupMember[][]> {
  const group = fc.array(rollouts, { minLength: 8, maxLength: 8 }).map((sampled) =>
    sampled.map((rollout, position): GroupMember => {
      const isPolicy = position < numPolicy;
      const index = isPolicy ? position : position - numPolicy;
      return { ...rollout, role: isPolicy ? 'policy' : 'momentum', index };
    }),
  );
  return fc.array(group, { minLength: 4, maxLength: 4 });
}

const methods: readonly (readonly [MethodName, number, object])[] = [
  ['mgrpo', 6, {}],
  ['mgrpo', 6, { filter: { fence: 'per-role', scope: 'vote-only' } }],
  ['mgrpo', 6, { filter: { kind: 'static' }, trajectoryEntropy: 'sum' }],
  ['co-rewarding-2', 4, { momentumRollouts: 4 }],
  ['balanced-vote', 6, {}],
  ['srt', 8, { momentumRollouts: 0 }],
  ['ttrl', 8, { momentumRollouts: 0 }],
  ['co-reward', 8, { momentumRollouts: 0 }],
  ['intuitor', 8, { momentumRollouts: 0 }],
  ['grpo', 8, { momentumRollouts: 0 }],
];

test.each(methods)(
  'judged again by its own rule, a record of %s is the same',
  (method, numPolicy, options) => {
    const algorithm = smallAlgorithm({ method, ...options });
    fc.assert(
      fc.property(groupsOf(numPolicy), (groups) => {
        expect(countDiffering(record(groups, algorithm, 'A'), algorithm)).toBe(0);
      }),
    );
  },
);

test('a record with another label or outcome is noticed', () => {
  const algorithm = smallAlgorithm();
  const [group, same] = record([swayedGroup, swayedGroup], algorithm, 'A');
  const outcomes = group!.outcomes.with(0, 'votes');
  expect(countDiffering([{ ...group!, label: 'B' }, same!], algorithm)).toBe(1);
  expect(countDiffering([{ ...group!, outcomes }, same!], algorithm)).toBe(1);
});
