import { defaultAlgorithmOptions } from '@mgrpo/algorithm';
import { answerOf } from '@mgrpo/answers';
import { type GroupVerdict__Output, unary, type VoteRequest } from '@mgrpo/rpc';
import { expect, test } from 'vitest';
import { serveVoter } from './voter-rpc.fixture.ts';

const kibi = 1 << 10;

/** Answers that hang or crash other graders; each stands in a box, as a rollout would have it. */
const hostile = [
  '{'.repeat(64 * kibi),
  '}'.repeat(64 * kibi),
  '5^{5^{5^{5^5}}}',
  '\\frac{1}{'.repeat(100_000) + '}'.repeat(100_000),
  '(x+1)^{1000}',
  Array.from({ length: 40 }, (_, i) => `(x_${i}+y_${i}+1)`).join(''),
  '\0\u202e\u200f\ud800'.repeat(300),
  '\\left('.repeat(1000),
  '9'.repeat(100_000),
  '\\{1,[2,(3,'.repeat(150),
];

test('a voter that is given hostile rollouts answers, counts what it did not read, and goes on serving', async () => {
  const refusals: string[] = [];
  const client = await serveVoter({
    algorithm: { ...defaultAlgorithmOptions, method: 'srt', groupSize: hostile.length },
    decode: () => '',
    answerOf: (text) => answerOf(text, 'boxed', (reason) => refusals.push(reason)),
  });
  const ask = (texts: readonly string[]): Promise<GroupVerdict__Output> => {
    const members = texts.map((text, index) => ({
      role: 'ROLE_POLICY' as const,
      index,
      text: `so $\\boxed{${text}}$.`,
      entropy: 1,
    }));
    const request: VoteRequest = { members };
    return unary('voter', (...call) => client.vote(request, ...call), { deadlineMs: 20_000 });
  };

  const before = process.threadCpuUsage();
  const verdict = await ask(hostile);
  const { user, system } = process.threadCpuUsage(before);
  expect(verdict.members).toHaveLength(hostile.length);
  expect((user + system) / 1000).toBeLessThan(200 * hostile.length);
  expect(new Set(refusals)).toEqual(new Set(['too-long', 'too-much-work', 'brackets']));

  const next = await ask([...Array(6).fill('\\frac{1}{2}'), '0.5', '1/2', '3', '4']);
  expect(next).toMatchObject({ pseudoLabel: '1/2', numVotes: 10, numAnswers: 3 });
  expect(next.voteShare).toBeCloseTo(0.8);
});
