import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agreementSignals, type RoleMajorities, roleMajorities } from './collapse-signals.ts';
import type { GroupMember, Role } from './group.ts';

const members = (role: Role, ...answers: (string | null)[]): GroupMember[] =>
  answers.map((answer, index) => ({
    role,
    index,
    answer,
    entropy: 0,
    selfCertainty: null,
    numTokens: 1,
  }));

const group = (policy: string | null, momentum: string | null = null): RoleMajorities => ({
  policy: policy === null ? null : { answer: policy, share: 0.5 },
  momentum: momentum === null ? null : { answer: momentum, share: 0.5 },
});

test('each role has its own majority, whoever votes', () => {
  const both = [...members('policy', '1', '2', '2', null), ...members('momentum', '3')];
  expect(roleMajorities(both)).toEqual({
    policy: { answer: '2', share: 2 / 3 },
    momentum: { answer: '3', share: 1 },
  });
  expect(roleMajorities(members('policy', null))).toEqual({ policy: null, momentum: null });
});

test('signals of three prompts: one pair of three collides, one of two roles disagrees', () => {
  expect(agreementSignals([group('1', '1'), group('1', '2'), group('3')])).toEqual({
    selfAgreement: 0.5,
    labelCollision: 1 / 3,
    disagreement: 0.5,
  });
});

test('nothing to compare is null', () => {
  const nothing = { selfAgreement: null, labelCollision: null, disagreement: null };
  expect(agreementSignals([group(null)])).toEqual(nothing);
  expect(agreementSignals([group('1')])).toEqual({ ...nothing, selfAgreement: 0.5 });
});

test('signals do not depend on the order of the prompts and stay between 0 and 1', () => {
  const answer = fc.option(fc.constantFrom('1', '2', '3'));
  const groups = fc.array(fc.tuple(answer, answer).map(([p, m]) => group(p, m)));
  fc.assert(
    fc.property(groups, (list) => {
      const signals = agreementSignals(list);
      expect(agreementSignals(list.toReversed())).toEqual(signals);
      for (const value of Object.values(signals)) {
        if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
      }
    }),
  );
});

test('the mean collision of small iterations estimates that of all prompts', () => {
  // All pairs of [a, a, b, c]: 1 of 6 is equal; so is the mean over all draws of two of them.
  const answers = ['a', 'a', 'b', 'c'];
  const pairs = answers.flatMap((x, i) => answers.slice(i + 1).map((y) => [group(x), group(y)]));
  const rates = pairs.map((pair) => agreementSignals(pair).labelCollision!);
  const whole = agreementSignals(answers.map((x) => group(x))).labelCollision!;
  expect(rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toBeCloseTo(whole, 12);
});
