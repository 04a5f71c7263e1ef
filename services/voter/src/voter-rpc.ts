import type { Evidence, GroupMember } from '@mgrpo/algorithm';
import { judgeGroup } from '@mgrpo/algorithm';
import { canonicalAnswer } from '@mgrpo/answers';
import {
  roleFromWire,
  unaryHandler,
  type VoteMember__Output,
  type VoteRequest__Output,
} from '@mgrpo/rpc';
import { type VoteOptions, verdictToWire } from '@mgrpo/service';
import type { Tracer } from '@mgrpo/telemetry';

/** `VoterService`: votes on a given group, without queue or model; for tests, tools and other systems. */
export function voterRpc({ algorithm, answerOf }: VoteOptions, tracer: Tracer) {
  const membersOf = (members: readonly VoteMember__Output[]): GroupMember[] =>
    members.map(({ role, index, text, entropy, selfCertainty = null }) => ({
      role: roleFromWire(role),
      index,
      answer: answerOf(text),
      entropy,
      selfCertainty,
      numTokens: Math.max(1, text.length),
    }));
  const evidenceOf = ({ otherWording, goldAnswer }: VoteRequest__Output): Evidence => {
    if (otherWording) return { kind: 'other-wording', members: membersOf(otherWording.members) };
    if (goldAnswer === undefined) return { kind: 'none' };
    return { kind: 'gold', answer: canonicalAnswer(goldAnswer) };
  };
  return {
    vote: unaryHandler((request: VoteRequest__Output, _signal, parent) => {
      const { iteration, prompt, members } = request;
      return tracer.span('vote', { iteration, parent }, () => {
        const evidence = evidenceOf(request);
        const verdict = judgeGroup(membersOf(members), algorithm, { evidence });
        return { ...verdictToWire(verdict), iteration, prompt };
      });
    }),
  };
}
