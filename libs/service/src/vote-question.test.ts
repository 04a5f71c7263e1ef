import { defaultAlgorithmOptions, type MethodName } from '@mgrpo/algorithm';
import { expect, test } from 'vitest';
import type { Rollout } from './rollout-codec.ts';
import { type VoteOptions, verdictToWire, voteQuestion } from './vote-question.ts';

/** A response whose only token is its answer. */
const rollout = (index: number, answer: number, selfCertainty: number | null): Rollout => ({
  index,
  tokens: Int32Array.of(answer, 1),
  logprobs: Float32Array.of(-1, -1),
  entropies: Float32Array.of(1, 1),
  selfCertainties: selfCertainty === null ? null : Float32Array.of(selfCertainty, 0),
  finishReason: 'stop',
});

const group = (...answers: number[]) => ({
  policy: answers.map((answer, index) => rollout(index, answer, null)),
  momentum: [],
});

const options = (method: MethodName): VoteOptions => ({
  algorithm: { ...defaultAlgorithmOptions, method, groupSize: 3 },
  decode: (tokens) => String(tokens[0]),
  answerOf: (text) => text,
});

const wireOf = (method: MethodName, question: Parameters<typeof voteQuestion>[0]) =>
  voteQuestion(question, options(method)).map(verdictToWire);

test('two wordings are judged by each other’s vote', () => {
  const verdicts = wireOf('co-reward', { groups: [group(7, 7, 5), group(5, 5, 9)], gold: null });
  expect(verdicts).toMatchObject([
    { pseudoLabel: '5', numVotes: 3, members: [{ reward: 0 }, { reward: 0 }, { reward: 1 }] },
    { pseudoLabel: '7', numVotes: 3, members: [{ reward: 0 }, { reward: 0 }, { reward: 0 }] },
  ]);
});

test('a gold label is a label without votes', () => {
  const [verdict] = wireOf('grpo', { groups: [group(7, 7, 5)], gold: '5' });
  expect(verdict).toMatchObject({ hasLabel: true, pseudoLabel: '5', numVotes: 0, voteShare: 0 });
});

test('self-certainty is the mean over the tokens, and the reward where the method has it so', () => {
  const policy = [2, 4, 6].map((certainty, index) => rollout(index, 7, certainty));
  const [verdict] = wireOf('intuitor', { groups: [{ policy, momentum: [] }], gold: null });
  expect(verdict!.hasLabel).toBe(false);
  expect(verdict!.members!.map(({ reward }) => reward)).toEqual([1, 2, 3]);
  expect(verdict!.members!.every(({ trains }) => trains)).toBe(true);
});

test('a method without the evidence that it needs, or with more, is refused', () => {
  const one = { groups: [group(7, 7, 5)], gold: null };
  expect(() => wireOf('co-reward', one)).toThrow(/judges 2, without/);
  expect(() => wireOf('srt', { ...one, gold: '7' })).toThrow(/judges 1, without/);
  expect(() => wireOf('intuitor', one)).toThrow(/sampled without its self-certainty/);
});
