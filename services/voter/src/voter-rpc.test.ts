import { defaultAlgorithmOptions, type MethodName } from '@mgrpo/algorithm';
import { type GroupVerdict__Output, unary, type VoteRequest } from '@mgrpo/rpc';
import { expect, test } from 'vitest';
import { serveVoter } from './voter-rpc.fixture.ts';

/** Asks a voter of this method over gRPC. */
async function vote(method: MethodName, request: VoteRequest): Promise<GroupVerdict__Output> {
  const client = await serveVoter({
    algorithm: { ...defaultAlgorithmOptions, method, groupSize: 3 },
    decode: () => '',
    answerOf: (text) => text,
  });
  return await unary('voter', (...call) => client.vote(request, ...call), { deadlineMs: 5000 });
}

const members = (answers: readonly string[], selfCertainty?: number) =>
  answers.map((text, index) => ({
    role: 'ROLE_POLICY' as const,
    index,
    text,
    entropy: 1,
    ...(selfCertainty === undefined ? {} : { selfCertainty: selfCertainty * index }),
  }));
const question = members(['7', '7', '5']);

test('evidence arrives: another wording, a gold answer in any form, self-certainty', async () => {
  const otherWording = { members: members(['5', '5', '9']) };
  expect(await vote('co-reward', { members: question, otherWording })).toMatchObject({
    pseudoLabel: '5',
    numVotes: 3,
  });
  expect(await vote('grpo', { members: question, goldAnswer: '\\frac{10}{2}' })).toMatchObject({
    hasLabel: true,
    pseudoLabel: '5',
  });
  const certain = await vote('intuitor', { members: members(['7', '7', '5'], 0.5) });
  expect(certain.members.map(({ reward }) => reward)).toEqual([0, 0.5, 1]);
});

test('evidence that the method has no use for is refused', async () => {
  await expect(vote('srt', { members: question, goldAnswer: '5' })).rejects.toThrow(
    /evidence of kind "gold"/,
  );
  await expect(vote('intuitor', { members: question })).rejects.toThrow(/self-certainty/);
});
