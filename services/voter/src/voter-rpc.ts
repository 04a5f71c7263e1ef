import { judgeGroup } from '@mgrpo/algorithm';
import { roleFromWire, unaryHandler, type VoteRequest__Output } from '@mgrpo/rpc';
import { type VoteOptions, verdictToWire } from './vote-group.ts';

/** `VoterService`: votes on a given group, without queue or model; for tests, tools and other systems. */
export function voterRpc({ algorithm, answerOf }: VoteOptions) {
  return {
    vote: unaryHandler(async ({ iteration, prompt, members }: VoteRequest__Output) => {
      const group = members.map(({ role, index, text, entropy }) => ({
        role: roleFromWire(role),
        index,
        answer: answerOf(text),
        entropy,
        selfCertainty: null,
        numTokens: Math.max(1, text.length),
      }));
      return { ...verdictToWire(judgeGroup(group, algorithm)), iteration, prompt };
    }),
  };
}
