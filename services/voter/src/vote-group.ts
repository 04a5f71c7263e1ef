import {
  type AlgorithmOptions,
  type Fence,
  type GroupMember,
  judgeGroup,
  trajectoryEntropy,
  type GroupVerdict as Verdict,
} from '@mgrpo/algorithm';
import type { GroupVerdict, MemberVerdict } from '@mgrpo/rpc';
import { wireRole } from '@mgrpo/rpc';
import type { Rollout, RolloutGroup } from '@mgrpo/service';

/** How a response becomes a vote. */
export interface VoteOptions {
  algorithm: AlgorithmOptions;
  /** The text of response tokens, special tokens left out. */
  decode(tokens: Int32Array): string;
  /** The canonical answer in a response, or null. */
  answerOf(text: string): string | null;
}

/** Judges the complete, ordered group of one prompt (Algorithm 1, lines 9-14). Pure. */
export function voteGroup(group: RolloutGroup, options: VoteOptions): Verdict {
  const members = [
    ...group.policy.map((rollout) => memberOf(rollout, 'policy', options)),
    ...group.momentum.map((rollout) => memberOf(rollout, 'momentum', options)),
  ];
  return judgeGroup(members, options.algorithm);
}

function memberOf(
  rollout: Rollout,
  role: 'policy' | 'momentum',
  { algorithm, decode, answerOf }: VoteOptions,
): GroupMember {
  return {
    role,
    index: rollout.index,
    answer: answerOf(decode(rollout.tokens)),
    entropy: trajectoryEntropy(rollout.entropies, algorithm.trajectoryEntropy),
    // The services sample no self-certainty; configurations that need it are refused.
    selfCertainty: null,
    numTokens: rollout.tokens.length,
  };
}

/** The verdict's fields of the message. */
export function verdictToWire({ label, fence, members }: Verdict): GroupVerdict {
  const majority = label.kind === 'majority' ? label : undefined;
  const bounds = fenceOf(fence);
  return {
    hasLabel: majority !== undefined,
    pseudoLabel: majority?.answer ?? '',
    voteShare: majority?.share ?? 0,
    numVotes: majority?.numVotes ?? 0,
    numAnswers: majority?.numAnswers ?? 0,
    hasFence: bounds !== undefined,
    fenceQ1: bounds?.kind === 'iqr' ? bounds.q1 : 0,
    fenceQ3: bounds?.kind === 'iqr' ? bounds.q3 : 0,
    fenceLower: bounds?.lower ?? 0,
    members: members.map(({ role, index, entropy, numTokens, outcome }): MemberVerdict => {
      const kept = outcome.kind === 'kept' ? outcome : undefined;
      return {
        role: wireRole[role],
        index,
        entropy,
        numTokens,
        votes: kept?.votes ?? false,
        trains: kept?.trains ?? false,
        reward: kept?.reward ?? 0,
        advantage: kept?.advantage ?? 0,
        dropped: outcome.kind === 'dropped' ? outcome.reason : '',
      };
    }),
  };
}

/** The fence that the message reports: where each role has its own, the policy's. */
function fenceOf(fence: Verdict['fence']): Fence | null {
  if (fence.kind === 'off') return null;
  return fence.kind === 'pooled' ? fence.fence : fence.fences.policy;
}
